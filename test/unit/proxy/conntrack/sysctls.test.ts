import { describe, expect, it } from 'vitest'
import {
  DEFAULT_CONNTRACK_CONFIG,
  conntrackMax,
  setConntrackSysctls,
} from '../../../../src/proxy/conntrack/sysctls.ts'
import { FakeHost } from '../../../support/proxy/host.ts'

describe('the size of the conntrack table', () => {
  it.each([
    [{ maxPerCore: 0, min: 131072 }, 4, 0],
    [{ maxPerCore: 32768, min: 131072 }, 1, 131072],
    [{ maxPerCore: 32768, min: 131072 }, 4, 131072],
    [{ maxPerCore: 32768, min: 131072 }, 5, 163840],
    [{ maxPerCore: 32768, min: 131072 }, 32, 1048576],
    [{ maxPerCore: 32768, min: 131072 }, 33, 1048576],
    [{ maxPerCore: 32768, min: 4000000 }, 64, 1048576],
    [{ maxPerCore: 32768, min: 4000000 }, 4, 4000000],
    [{ maxPerCore: 1, min: 0 }, 3, 3],
  ])('%j on %i CPUs is %i', (config, cpus, expected) =>
    expect(conntrackMax({ ...DEFAULT_CONNTRACK_CONFIG, ...config }, cpus)).toBe(expected),
  )
})

describe('conntrack sysctls', () => {
  const write = (config: Partial<typeof DEFAULT_CONNTRACK_CONFIG>, known: Record<string, number> = {}) => {
    const host = new FakeHost()
    for (const [key, value] of Object.entries(known)) host.sysctls.set(`net.netfilter.${key}`, value)
    setConntrackSysctls(host.sysctl, { ...DEFAULT_CONNTRACK_CONFIG, ...config }, 4)
    return host.written.map((line) => line.replace('net.netfilter.nf_conntrack_', ''))
  }

  it('are the defaults of kube-proxy', () =>
    expect(write({})).toEqual([
      'max=131072',
      'buckets=32768',
      'tcp_timeout_established=86400',
      'tcp_timeout_close_wait=3600',
    ]))

  it('are written only where they differ, and the hash table never shrinks', () =>
    expect(
      write(
        {},
        {
          nf_conntrack_max: 131072,
          nf_conntrack_buckets: 65536,
          nf_conntrack_tcp_timeout_established: 86400,
          nf_conntrack_tcp_timeout_close_wait: 60,
        },
      ),
    ).toEqual(['tcp_timeout_close_wait=3600']))

  it('are left alone where the flag is 0', () =>
    expect(write({ maxPerCore: 0, tcpEstablishedTimeout: 0, tcpCloseWaitTimeout: 0 })).toEqual([]))

  it('include liberal TCP and UDP timeouts when asked for', () =>
    expect(
      write({
        maxPerCore: 0,
        tcpEstablishedTimeout: 0,
        tcpCloseWaitTimeout: 0,
        tcpBeLiberal: true,
        udpTimeout: 10,
        udpStreamTimeout: 60,
      }),
    ).toEqual(['tcp_be_liberal=1', 'udp_timeout=10', 'udp_timeout_stream=60']))
})
