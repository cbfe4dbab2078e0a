/**
 * The pods of a cluster in classes that no policy can tell apart, for one family of addresses, kept up to date as
 * objects change. Classes are split when a policy asks something new, and merged when nobody asks any more, so that they
 * are what a partition from scratch would be.
 *
 * Counts of pairs remember classes and profiles: until they have been brought up to date, a class that went keeps its
 * number, and what was true of it and of a profile stays true.
 */
import type { AddressFamily } from '../address.ts'
import { getOrMake } from '../collect.ts'
import type { NodeFacts, PodFacts } from '../facts.ts'
import { partiesOf, takesPart, type Context, type Party } from '../party.ts'
import type { ClusterPolicy, NamespacedPolicy } from '../policy.ts'
import { Answers, type PeerClasses } from './answer.ts'
import { tokenise, tokensOf, type TokenisedPolicy, type PortShape } from './tokenised-policy.ts'
import { PairCount, type PortQuestion } from './pair-count.ts'
import type { Member, PeerClass } from './peer-class.ts'
import { ProfileTable, type Profile } from './profile.ts'
import { SetTable } from './set-table.ts'
import { TokenTable } from './token-table.ts'
import type { Token, TokenQuestion } from './token.ts'

export class Partition {
  readonly family: AddressFamily
  readonly answers: Answers
  readonly members = new Map<string, Member>()
  /** By id; undefined where a class was. */
  readonly classes: (PeerClass | undefined)[] = []
  readonly peers: PeerClasses

  /** Classes that came, went, changed their size or their profiles since the counts were brought up to date. */
  readonly #touched = new Set<number>()
  readonly #counts = new Map<string, PairCount>()
  readonly #context: Context
  readonly #tokens: TokenTable
  readonly #profiles: ProfileTable
  readonly #sets = new SetTable()
  readonly #byNamespace = new Map<string, Map<PeerClass, Set<Member>>>()
  readonly #byKey = new Map<string, PeerClass>()
  readonly #dead: PeerClass[] = []
  readonly #freeIds: number[] = []
  /** Profiles that a class has no more. */
  readonly #stale: Profile[] = []
  readonly #policies = new Map<string, TokenisedPolicy>()
  readonly #byId = new Map<number, TokenisedPolicy>()
  readonly #shapes = new Map<string, PortShape>()
  #nextPolicy = 0

  constructor(context: Context, family: AddressFamily) {
    this.family = family
    this.answers = new Answers(this.#sets)
    const { classes } = this
    this.peers = {
      get length() {
        return classes.length
      },
      shape: (index) => classes[index]?.shape ?? (classes[index]?.policed === false ? undefined : NO_PORTS),
    }
    this.#context = context
    this.#tokens = new TokenTable(context)
    this.#profiles = new ProfileTable(context.options)
    const { index } = context
    for (const { name } of index.namespaces())
      for (const policy of index.networkPoliciesOf(name)) this.setPolicy(policy.name, policy)
    for (const tier of ['Admin', 'Baseline'] as const)
      for (const policy of index.clusterPoliciesOf(tier)) this.setPolicy(policy.name, policy)
    for (const { name } of index.namespaces()) for (const pod of index.podsOf(name)) this.setPod(pod.key, pod)
  }

  /** The policy of that name is now this, or no more. */
  setPolicy(name: string, policy: NamespacedPolicy | ClusterPolicy | undefined): void {
    const before = this.#policies.get(name)
    if (policy === before?.policy) return
    const changed = new Set<number>()
    if (policy !== undefined) {
      const tokenised = tokenise(
        this.#nextPolicy++,
        policy,
        (key, question, role) => this.#token(key, question, role),
        this.#sets,
        this.#context.options,
      )
      this.#tokens.hold(tokensOf(tokenised))
      this.#policies.set(name, tokenised)
      this.#byId.set(tokenised.id, tokenised)
      tokenised.subject.policies!.add(tokenised.id)
      tokenised.subject.classes.forEach((id) => changed.add(id))
    } else this.#policies.delete(name)
    if (before !== undefined) {
      this.#byId.delete(before.id)
      before.subject.policies!.delete(before.id)
      before.subject.classes.forEach((id) => changed.add(id))
    }
    for (const id of changed) {
      const one = this.classes[id]
      if (one !== undefined && one.members.size > 0) this.#setProfiles(one)
    }
    if (before !== undefined) for (const token of this.#tokens.release(tokensOf(before))) this.#join(token)
    this.#settle()
  }

  /** The pod of that key is now this, or no more. */
  setPod(key: string, pod: PodFacts | undefined): void {
    const before = this.members.get(key)
    if (pod === undefined || (pod.finished && !takesPart(pod, this.#context.options))) {
      this.members.delete(key)
      if (before !== undefined) this.#leave(before)
      return this.#settle()
    }
    const { namespace, name } = pod
    const end = { kind: 'pod', namespace, name } as const
    const [party] = partiesOf(end, end, this.family, this.#context)
    const tokens = this.#tokens.of(party)
    const home = this.#classOf(tokens, party, pod)
    const member = { key, pod, party, class: home }
    this.members.set(key, member)
    // First in, then out: a class that is empty in between would be gone.
    this.#enter(member, home)
    if (before !== undefined) this.#leave(before)
    this.#settle()
  }

  /** Its labels are others now, or those of its pods' namespace. */
  setNamespace(name: string): void {
    for (const pod of this.#context.index.podsOf(name)) this.setPod(pod.key, pod)
  }

  /** Pods on the node, and those at its addresses of before and now. */
  setNode(name: string, before: NodeFacts | undefined, now: NodeFacts | undefined): void {
    const addresses = new Set(
      [...(before?.addresses ?? []), ...(now?.addresses ?? [])].map(({ value }) => value),
    )
    const concerned = [...this.members.values()].filter(
      ({ party, pod }) =>
        (party.kind !== 'pod' && pod.node === name) ||
        (party.address !== undefined && addresses.has(party.address.value)),
    )
    for (const { key, pod } of concerned) this.setPod(key, pod)
  }

  /** Up to date. It is kept, and brought up to date with every other count when one is asked for. */
  count(ports: readonly PortQuestion[]): PairCount {
    const count = getOrMake(this.#counts, JSON.stringify(ports), () => new PairCount(this, ports))
    for (const one of this.#counts.values()) one.update(this.#touched)
    this.#forget()
    return count
  }

  /** The stages of profiles that ask for a token of this class. */
  concerns(id: number): Set<object> {
    return this.#tokens.concerns(id)
  }

  /** After every change. Counts that nobody has asked for in a long time are not worth the memory. */
  #settle(): void {
    if (this.#dead.length > 1000 + this.members.size) this.#counts.clear()
    if (this.#counts.size === 0) this.#forget()
  }

  /** Nobody remembers the classes that went: their numbers may be given again. */
  #forget(): void {
    this.#touched.clear()
    this.#tokens.forget()
    for (const profile of this.#stale.splice(0)) this.#profiles.release(profile)
    for (const { id, tokens, egress, ingress } of this.#dead.splice(0)) {
      for (const token of tokens) token.classes.delete(id)
      if (egress !== undefined) this.#profiles.release(egress)
      if (ingress !== undefined) this.#profiles.release(ingress)
      this.classes[id] = undefined
      this.#freeIds.push(id)
    }
  }

  #enter(member: Member, home: PeerClass): void {
    member.class = home
    home.members.add(member)
    const { namespace } = member.pod
    const classes = getOrMake(this.#byNamespace, namespace, () => new Map<PeerClass, Set<Member>>())
    getOrMake(classes, home, () => new Set<Member>()).add(member)
    this.#touched.add(home.id)
  }

  #leave(member: Member): void {
    const home = member.class
    home.members.delete(member)
    const { namespace } = member.pod
    const classes = this.#byNamespace.get(namespace)!
    const members = classes.get(home)!
    members.delete(member)
    if (members.size === 0) classes.delete(home)
    if (classes.size === 0) this.#byNamespace.delete(namespace)
    this.#touched.add(home.id)
    if (home.members.size === 0) this.#bury(home)
  }

  #bury(home: PeerClass): void {
    this.#byKey.delete(home.key)
    this.#dead.push(home)
  }

  #move(members: readonly Member[], home: PeerClass): void {
    for (const member of members) {
      this.#leave(member)
      this.#enter(member, home)
    }
  }

  #classOf(tokens: Token[], party: Party, pod: PodFacts): PeerClass {
    const policed = party.kind === 'pod'
    const shape = policed ? this.#shapeOf(pod) : undefined
    const host = party.kind === 'node' ? party.node.name : undefined
    const kind = { policed, shape, host }
    const key = classKey(tokens, kind)
    return this.#byKey.get(key) ?? this.#newClass(key, tokens, kind)
  }

  #newClass(key: string, tokens: Token[], { policed, shape, host }: ClassKind): PeerClass {
    const id = this.#freeIds.pop() ?? this.classes.length
    const one: PeerClass = {
      policed,
      shape,
      host,
      id,
      key,
      tokens,
      members: new Set(),
      has: (token) => token.classes.has(id),
      egress: undefined,
      ingress: undefined,
    }
    for (const token of tokens) token.classes.add(id)
    this.classes[id] = one
    this.#byKey.set(key, one)
    this.#setProfiles(one)
    return one
  }

  #setProfiles(one: PeerClass): void {
    if (!one.policed) return
    const policies = one.tokens.flatMap(({ policies = [] }) => [...policies].map((id) => this.#byId.get(id)!))
    const before = [one.egress, one.ingress]
    one.egress = this.#profiles.acquire('egress', policies, one.shape!)
    one.ingress = this.#profiles.acquire('ingress', policies, one.shape!)
    for (const profile of before) if (profile !== undefined) this.#stale.push(profile)
    this.#touched.add(one.id)
  }

  #shapeOf({ namedPorts }: PodFacts): PortShape {
    return getOrMake(this.#shapes, JSON.stringify(namedPorts), () => ({ id: this.#shapes.size, namedPorts }))
  }

  /** The token of that key. A new one splits the classes of which it is true in part. */
  #token(key: string, question: TokenQuestion, role: 'subject' | 'peer'): Token {
    const known = this.#tokens.get(key)
    if (known !== undefined) return known
    const token = this.#tokens.add(key, question, role)
    for (const [one, groups] of this.#membersWith(token)) this.#split(one, groups, token)
    return token
  }

  /** By class, and there in groups. Pods of a whole namespace are one group and not looked at one by one. */
  #membersWith(token: Token): Map<PeerClass, Iterable<Member>[]> {
    const { question } = token
    const found = new Map<PeerClass, Iterable<Member>[]>()
    const keep = (one: PeerClass, group: Iterable<Member>): unknown =>
      getOrMake(found, one, (): Iterable<Member>[] => []).push(group)
    if (question.kind !== 'pods') {
      for (const member of this.members.values())
        if (this.#tokens.isTrueOf(token, member.party)) keep(member.class, [member])
    } else if (question.set.pods.requirements.length === 0) {
      for (const name of this.#context.index.namespacesIn(question.set))
        for (const [one, group] of this.#byNamespace.get(name) ?? []) if (one.policed) keep(one, group)
    } else
      for (const { key } of this.#context.index.podsIn(question.set)) {
        const member = this.members.get(key)
        if (member?.class.policed === true) keep(member.class, [member])
      }
    return found
  }

  /** These have the token, others of the class do not. The token is the newest, so it comes last in the key. */
  #split(one: PeerClass, groups: readonly Iterable<Member>[], token: Token): void {
    const key = `${one.key} ${token.id}`
    const members = groups.flatMap((group) => [...group])
    if (members.length < one.members.size) {
      this.#move(members, this.#newClass(key, [...one.tokens, token], one))
      return
    }
    one.tokens.push(token)
    token.classes.add(one.id)
    this.#byKey.delete(one.key)
    one.key = key
    this.#byKey.set(key, one)
  }

  /** Nobody asks any more: classes that only differ in it become one. */
  #join(token: Token): void {
    token.classes.forEach((id) => {
      const one = this.classes[id]
      if (one === undefined || one.members.size === 0) return
      one.tokens.splice(one.tokens.indexOf(token), 1)
      const key = classKey(one.tokens, one)
      const same = this.#byKey.get(key)
      if (same !== undefined) return this.#move([...one.members], same)
      this.#byKey.delete(one.key)
      one.key = key
      this.#byKey.set(key, one)
    })
  }
}

/** Of what is no class any more. */
const NO_PORTS: PortShape = { id: -2, namedPorts: [] }

type ClassKind = Pick<PeerClass, 'policed' | 'shape' | 'host'>

function classKey(tokens: readonly Token[], { policed, shape, host }: ClassKind): string {
  const kind = policed ? `pod ${shape!.id}` : `host ${host ?? ''}`
  return [kind, ...tokens.map(({ id }) => id)].join(' ')
}
