/** What every proxy mode does with the objects it watches (pkg/proxy: Provider). */
import type { EndpointSlice, Service } from '../apiserver/types/index.ts'

export interface Provider {
  /** Begins to sync and to watch over its rules. */
  start(): void
  stop(): void
  /** Asks for a sync as soon as the minimum period allows. */
  sync(): void
  onServiceAdd(service: Service): void
  onServiceUpdate(previous: Service, service: Service): void
  onServiceDelete(service: Service): void
  /** All services that there were at the start have been added. */
  onServiceSynced(): void
  onEndpointSliceAdd(slice: EndpointSlice): void
  onEndpointSliceUpdate(previous: EndpointSlice, slice: EndpointSlice): void
  onEndpointSliceDelete(slice: EndpointSlice): void
  onEndpointSlicesSynced(): void
  /** The node's labels that proxies look at: its zone. */
  onTopologyChange(labels: Readonly<Record<string, string>>): void
}

/** Two families side by side (pkg/proxy/metaproxier). Each takes from every object what is of its family. */
export class MetaProxier implements Provider {
  readonly #proxiers: readonly Provider[]

  constructor(proxiers: readonly Provider[]) {
    this.#proxiers = proxiers
  }

  start(): void {
    for (const proxier of this.#proxiers) proxier.start()
  }

  stop(): void {
    for (const proxier of this.#proxiers) proxier.stop()
  }

  sync(): void {
    for (const proxier of this.#proxiers) proxier.sync()
  }

  onServiceAdd(service: Service): void {
    for (const proxier of this.#proxiers) proxier.onServiceAdd(service)
  }

  onServiceUpdate(previous: Service, service: Service): void {
    for (const proxier of this.#proxiers) proxier.onServiceUpdate(previous, service)
  }

  onServiceDelete(service: Service): void {
    for (const proxier of this.#proxiers) proxier.onServiceDelete(service)
  }

  onServiceSynced(): void {
    for (const proxier of this.#proxiers) proxier.onServiceSynced()
  }

  onEndpointSliceAdd(slice: EndpointSlice): void {
    for (const proxier of this.#proxiers) proxier.onEndpointSliceAdd(slice)
  }

  onEndpointSliceUpdate(previous: EndpointSlice, slice: EndpointSlice): void {
    for (const proxier of this.#proxiers) proxier.onEndpointSliceUpdate(previous, slice)
  }

  onEndpointSliceDelete(slice: EndpointSlice): void {
    for (const proxier of this.#proxiers) proxier.onEndpointSliceDelete(slice)
  }

  onEndpointSlicesSynced(): void {
    for (const proxier of this.#proxiers) proxier.onEndpointSlicesSynced()
  }

  onTopologyChange(labels: Readonly<Record<string, string>>): void {
    for (const proxier of this.#proxiers) proxier.onTopologyChange(labels)
  }
}
