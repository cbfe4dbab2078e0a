/** Connections for graphviz: a cluster a namespace, an edge a pair. */
import { CHANGE_COLOURS, isExternal, isToCome, namespaceOf, peersOf, type GraphEdge } from './graph.ts'

const WORKLOAD = 'color="blue" fontcolor="blue"'
const OUTSIDE = 'color="red2" fontcolor="red2"'

export function connectionsDot(edges: readonly GraphEdge[]): string {
  const peers = peersOf(edges)
  const namespaces = new Map<string, string[]>()
  for (const peer of peers) {
    const namespace = namespaceOf(peer)
    if (namespace !== undefined) namespaces.set(namespace, [...(namespaces.get(namespace) ?? []), peer])
  }
  return [
    'digraph {',
    ...[...namespaces].flatMap(([namespace, members]) => [
      `\tsubgraph ${quote(`cluster_${namespace}`)} {`,
      `\t\tlabel=${quote(namespace)}`,
      ...members.map(
        (peer) =>
          `\t\t${quote(peer)} [label=${quote(peer.slice(namespace.length + 1))} ${isToCome(peer) ? OUTSIDE : WORKLOAD}]`,
      ),
      '\t}',
    ]),
    ...peers
      .filter((peer) => namespaceOf(peer) === undefined)
      .map(
        (peer) =>
          `\t${quote(peer)} [label=${quote(isExternal(peer) ? peer.slice(0, -'[External]'.length) : peer)} ${OUTSIDE}${isToCome(peer) ? ' shape=diamond' : ''}]`,
      ),
    ...edges.map(({ src, dst, label, change, toCome }) => {
      const colour = change === undefined ? '' : ` color="${CHANGE_COLOURS[change]}"`
      return `\t${quote(src)} -> ${quote(dst)} [label=${quote(label)}${colour}${toCome === true ? ' style=dashed' : ''}]`
    }),
    '}',
    '',
  ].join('\n')
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
