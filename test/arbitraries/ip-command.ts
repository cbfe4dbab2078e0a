/** Commands of `ip` for a namespace with the pairs v0 and v1 (to another namespace) and p0, p1, some of them wrong. */
import * as fc from 'fast-check'

const dev = fc.constantFrom('v0', 'v1', 'p0', 'lo')
const veth = fc.constantFrom('v0', 'v1', 'p0')
const host4 = fc.constantFrom(
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.9',
  '10.1.0.1',
  '10.1.0.9',
  '10.2.0.1',
  '10.0.0.255',
  '127.0.0.1',
)
const host6 = fc.constantFrom(
  'fd00::1',
  'fd00::2',
  'fd00::9',
  'fd01::1',
  'fd01::9',
  'fd02::1',
  'fe80::9',
  'ff02::9',
)
const network4 = fc.constantFrom(
  'default',
  '10.5.0.0/16',
  '10.5.0.0/24',
  '10.5.1.0/24',
  '10.0.0.0/24',
  '10.6.0.1',
)
const network6 = fc.constantFrom('default', 'fd05::/32', 'fd05::/48', 'fd05:0:1::/48', 'fd00::/64', 'fd06::1')
const optional = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.option(text, { nil: '', freq: 2 }).map((some) => (some === '' ? '' : ` ${some}`))

const metric = optional(fc.constantFrom('metric 5', 'metric 9'))
const verb = fc.constantFrom('add', 'add', 'add', 'del', 'replace', 'change')

function route(
  flag: string,
  network: fc.Arbitrary<string>,
  host: fc.Arbitrary<string>,
): fc.Arbitrary<string> {
  const hop = fc.oneof(
    host.map((via) => `via ${via}`),
    dev.map((name) => `dev ${name}`),
    fc.tuple(host, dev).map(([via, name]) => `via ${via} dev ${name}`),
    fc.tuple(host, dev).map(([via, name]) => `via ${via} dev ${name} onlink`),
  )
  const src = optional(host.map((address) => `src ${address}`))
  const scope =
    flag === '-6' ? fc.constant('') : optional(fc.constantFrom('scope link', 'scope global', 'scope host'))
  const proto = optional(fc.constantFrom('proto static', 'proto 77'))
  return fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .tuple(verb, network, hop, src, metric, scope, proto)
        .map(([v, n, h, ...rest]) => `${flag} route ${v} ${n} ${h}${rest.join('')}`),
    },
    { weight: 1, arbitrary: fc.tuple(network, metric).map(([n, m]) => `${flag} route del ${n}${m}`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(verb, fc.constantFrom('blackhole', 'unreachable', 'prohibit'), network, metric)
        .map(([v, type, n, m]) => `${flag} route ${v} ${type} ${n}${m}`),
    },
  )
}

const address4 = fc
  .tuple(
    fc.constantFrom('add', 'add', 'del'),
    host4,
    fc.constantFrom(16, 24, 32),
    optional(fc.constantFrom('brd +', 'scope link', 'noprefixroute')),
    dev,
  )
  // A local prefix of loopback is looked up together with the main table, which the engine does not do.
  .map(
    ([v, host, length, extra, name]) =>
      `addr ${v} ${host}/${name === 'lo' ? 32 : length}${extra} dev ${name}`,
  )
const address6 = fc
  .tuple(
    fc.constantFrom('add', 'add', 'del'),
    host6,
    fc.constantFrom(64, 128),
    optional(fc.constant('noprefixroute')),
    dev,
  )
  .map(([v, host, length, extra, name]) => `-6 addr ${v} ${host}/${length}${extra} dev ${name}`)
const link = fc.oneof(
  fc.tuple(dev, fc.constantFrom('up', 'down', 'up')).map(([name, state]) => `link set ${name} ${state}`),
  fc.constantFrom('link set p1 up', 'link set p1 down'),
  fc.tuple(veth, fc.constantFrom('1500', '1400', '60')).map(([name, mtu]) => `link set ${name} mtu ${mtu}`),
)
const neighbour = fc
  .tuple(fc.constantFrom('add', 'replace', 'change'), fc.oneof(host4, host6), fc.constantFrom('v0', 'v1'))
  .map(([v, host, name]) => `neigh ${v} ${host} lladdr 02:00:00:00:00:99 dev ${name}`)

export const arbitraryIpCommand: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: route('-4', network4, host4) },
  { weight: 4, arbitrary: route('-6', network6, host6) },
  { weight: 3, arbitrary: address4 },
  { weight: 2, arbitrary: address6 },
  { weight: 2, arbitrary: link },
  { weight: 1, arbitrary: neighbour },
)
