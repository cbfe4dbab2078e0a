import { describe, expect, it } from 'vitest'
import { parseExpectations } from '../../../../src/cluster/expectations/read.ts'
import { Problem } from '../../../../src/index.ts'

const brief = (text: string) =>
  parseExpectations(text, 'e.yaml').map(({ name: _name, place, ...rest }) => ({ ...rest, line: place.line }))

describe('parseExpectations', () => {
  it('reads a list, each with its line', () => {
    const text = `# who may\n- { from: a, to: svc/b, port: 80, expect: delivered }\n- name: pings\n  from: ns/a\n  to: 10.0.0.1\n  protocol: icmp\n  expect: dropped\n`
    expect(brief(text)).toEqual([
      { from: 'a', to: 'svc/b', port: 80, expect: 'delivered', line: 2 },
      { from: 'ns/a', to: '10.0.0.1', protocol: 'icmp', expect: 'dropped', line: 3 },
    ])
    expect(parseExpectations(text).map(({ name }) => name)).toEqual(['a → svc/b 80 delivered', 'pings'])
  })

  it('lists mean every pair and every port', () => {
    const all = parseExpectations(
      '- { name: n, from: [a, b], to: [c, d], port: [80, 53/udp, web, icmp], expect: allowed }',
    )
    expect(all).toHaveLength(16)
    expect(all[2]).toMatchObject({ name: 'n: a → c web', port: 'web', expect: 'allowed' })
    expect(all[1]).toMatchObject({ port: 53, protocol: 'udp' })
    expect(all[3]).toMatchObject({ protocol: 'icmp' })
    expect(new Set(all.map(({ name }) => name)).size).toBe(16)
  })

  it('also under a key', () => {
    expect(brief('expectations:\n  - { from: a, to: b, expect: denied }\n')).toEqual([
      { from: 'a', to: 'b', expect: 'denied', line: 2 },
    ])
  })

  it.each([
    [
      '- { from: a, to: b, expect: yes }',
      'e.yaml:1: [0].expect: "yes" is not known: expected delivered, rejected, dropped, allowed, denied',
    ],
    [
      '- { from: a, to: b }',
      'e.yaml:1: [0].expect: is needed: one of delivered, rejected, dropped, allowed, denied',
    ],
    ['- { to: b, expect: dropped }', 'e.yaml:1: [0].from: is needed'],
    [
      '-\n  from: a\n  to: b\n  prot: tcp\n  expect: dropped',
      'e.yaml:4: [0].prot: is not part of an expectation; did you mean from or port?',
    ],
    [
      '- { from: a, to: b, port: 99999, expect: dropped }',
      'e.yaml:1: [0].port: "99999" is not a port: expected a number from 1 to 65535',
    ],
    [
      '- { from: a, to: b, port: 80/htp, expect: dropped }',
      'e.yaml:1: [0].port: "htp" is not a protocol: expected tcp, udp, sctp or icmp',
    ],
    [
      '- { from: a, to: b, port: 80/tcp, protocol: udp, expect: dropped }',
      'e.yaml:1: [0].port: the protocol is given twice, as tcp and as udp',
    ],
    ['- { from: a, to: b, port: 8/icmp, expect: dropped }', 'e.yaml:1: [0].port: icmp has no ports'],
    [
      '- { from: 10.0.0.300, to: b, expect: dropped }',
      'e.yaml:1: [0].from: "10.0.0.300" is not an IP address',
    ],
    ['- { from: [], to: b, expect: dropped }', 'e.yaml:1: [0].from: is an empty list'],
    ['- a', 'e.yaml:1: [0]: expected a map with name, from, to, port, protocol, family, expect'],
    ['a: 1', 'e.yaml:1: a: is not known in a file of expectations: expected a list'],
    ['[]', 'e.yaml:1: holds no expectation'],
    ['', 'e.yaml: expected a list of expectations'],
    ['- a\n---\n- b', 'e.yaml:2: expected one document'],
    ['- [', /^e\.yaml:1: /],
  ])('%j is refused with its place', (text, message) => {
    expect(() => parseExpectations(text, 'e.yaml')).toThrow(message)
    expect(() => parseExpectations(text, 'e.yaml')).toThrow(Problem)
  })
})
