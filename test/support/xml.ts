/** Whether a text is well-formed XML, as far as what we print goes: elements, attributes, text, the five entities. */

export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlElement[]
  text: string
}

/** Throws at the first thing that is not well-formed. */
export function parseXml(source: string): XmlElement {
  let rest = source.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '')
  const top: XmlElement = { name: '', attributes: {}, children: [], text: '' }
  const open = [top]
  for (const char of rest) {
    if (char < ' ' && !'\t\r\n'.includes(char)) throw new Error('a character that XML cannot hold')
  }
  while (rest !== '') {
    const parent = open.at(-1)!
    const text = /^[^<]+/.exec(rest)
    if (text !== null) {
      parent.text += decode(text[0])
      rest = rest.slice(text[0].length)
      continue
    }
    const close = /^<\/([\w:-]+)>/.exec(rest)
    if (close !== null) {
      if (parent.name !== close[1]) throw new Error(`</${close[1]}> closes <${parent.name}>`)
      open.pop()
      rest = rest.slice(close[0].length)
      continue
    }
    const tag = /^<([\w:-]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/.exec(rest)
    if (tag === null) throw new Error(`not XML at ${rest.slice(0, 60)}`)
    const [whole, name = '', attributes = '', slash] = tag
    const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [
      key!,
      decode(value!),
    ])
    if (new Set(pairs.map(([key]) => key)).size !== pairs.length)
      throw new Error(`an attribute twice in <${name}>`)
    const element: XmlElement = { name, attributes: Object.fromEntries(pairs), children: [], text: '' }
    parent.children.push(element)
    if (slash === '') open.push(element)
    rest = rest.slice(whole.length)
  }
  if (open.length !== 1) throw new Error(`<${open.at(-1)!.name}> is not closed`)
  if (top.children.length !== 1 || top.text.trim() !== '') throw new Error('expected one element at the top')
  return top.children[0]!
}

export function elements(element: XmlElement, name: string): XmlElement[] {
  return [
    ...(element.name === name ? [element] : []),
    ...element.children.flatMap((child) => elements(child, name)),
  ]
}

function decode(text: string): string {
  return text.replace(/&([#\w]*;?)/g, (_, entity: string) => {
    const found = /^#\d+;$/.test(entity)
      ? String.fromCodePoint(Number(entity.slice(1, -1)))
      : ENTITIES[entity]
    if (found === undefined) throw new Error(`&${entity} is no entity`)
    return found
  })
}

const ENTITIES: Readonly<Record<string, string>> = {
  'amp;': '&',
  'lt;': '<',
  'gt;': '>',
  'quot;': '"',
  'apos;': "'",
}
