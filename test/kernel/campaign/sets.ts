/** The sets that random rules name (test/arbitraries/match.ts: SETS), filled so that packets of the flows meet them. */

function family(version: 4 | 6): string[] {
  const inet = version === 4 ? 'inet' : 'inet6'
  const [a, b, vip, subnet, hole] =
    version === 4
      ? ['10.0.1.2', '10.0.2.2', '10.96.0.1', '10.0.2.0/24', '10.0.2.3']
      : ['fd00:1::2', 'fd00:2::2', 'fd00:96::1', 'fd00:2::/64', 'fd00:2::3']
  return [
    `create ips${version} hash:ip family ${inet} timeout 600`,
    `add ips${version} ${a}`,
    `add ips${version} ${vip} timeout 0`,
    `create nets${version} hash:net family ${inet} counters`,
    `add nets${version} ${subnet}`,
    `add nets${version} ${hole} nomatch`,
    `create ipport${version} hash:ip,port family ${inet} counters`,
    `add ipport${version} ${b},tcp:80`,
    `add ipport${version} ${vip},udp:53`,
    `create ipportip${version} hash:ip,port,ip family ${inet}`,
    `add ipportip${version} ${b},tcp:80,${a}`,
    `add ipportip${version} ${a},udp:1000,${a}`,
    `create ipportnet${version} hash:ip,port,net family ${inet}`,
    `add ipportnet${version} ${b},tcp:80,${subnet}`,
    `add ipportnet${version} ${vip},udp:53,${a}`,
    `create netport${version} hash:net,port family ${inet}`,
    `add netport${version} ${subnet},tcp:80`,
    `add netport${version} ${subnet},udp:53`,
    `add netport${version} ${hole},tcp:80 nomatch`,
    `create list${version} list:set`,
    `add list${version} nets${version}`,
    `add list${version} ips${version}`,
  ]
}

export const SETS_TEXT = [
  'create ports bitmap:port range 0-65535',
  'add ports 80',
  'add ports 1000-1001',
  ...family(4),
  ...family(6),
  '',
].join('\n')
