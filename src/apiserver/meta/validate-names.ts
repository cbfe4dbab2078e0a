/** Names and labels: what is allowed, and the API's words when it is not (apimachinery: util/validation). */

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const DNS_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const PORT_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])*$/

/** A check: undefined, or what is wrong. */
export type NameCheck = (name: string) => string | undefined

export const dnsLabel: NameCheck = (name) =>
  name.length > 63
    ? 'must be no more than 63 characters'
    : DNS_LABEL.test(name)
      ? undefined
      : `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`

export const dns1035Label: NameCheck = (name) =>
  name.length > 63
    ? 'must be no more than 63 characters'
    : DNS_1035.test(name)
      ? undefined
      : `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`

export const dnsSubdomain: NameCheck = (name) =>
  name.length > 253
    ? 'must be no more than 253 characters'
    : DNS_SUBDOMAIN.test(name)
      ? undefined
      : `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`

/** `prefix/name` or `name`: label and annotation keys. */
export const qualifiedName: NameCheck = (name) => {
  const slash = name.indexOf('/')
  if (slash >= 0) {
    const prefix = name.slice(0, slash)
    if (prefix === '') return 'prefix part must be non-empty'
    const wrong = dnsSubdomain(prefix)
    if (wrong !== undefined) return `prefix part ${wrong}`
  }
  const last = name.slice(slash + 1)
  if (last === '') return 'name part must be non-empty'
  if (last.length > 63) return 'name part must be no more than 63 characters'
  return QUALIFIED.test(last)
    ? undefined
    : `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`
}

export const labelValue: NameCheck = (value) =>
  value.length > 63
    ? 'must be no more than 63 characters'
    : value === '' || QUALIFIED.test(value)
      ? undefined
      : `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`

/** The name of a port (IANA_SVC_NAME). */
export const portName: NameCheck = (name) => {
  if (name.length > 15) return 'must be no more than 15 characters'
  if (!PORT_NAME.test(name)) return 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'
  if (!/[a-z]/.test(name)) return 'must contain at least one letter (a-z)'
  return name.includes('--') ? 'must not contain consecutive hyphens' : undefined
}
