/**
 * Names of IP protocols and services. Protocol names are those of Debian's /etc/protocols, which iptables-save
 * prints, and the extra names of libxtables (xtables_chain_protos); services are the common ones of /etc/services.
 */
import { Problem } from '../problem.ts'
import { parseUint } from './numbers.ts'

const NAMES =
  'icmp 1 igmp 2 ggp 3 ipencap 4 st 5 tcp 6 egp 8 igp 9 pup 12 udp 17 hmp 20 xns-idp 22 rdp 27 iso-tp4 29 dccp 33 ' +
  'xtp 36 ddp 37 idpr-cmtp 38 ipv6 41 ipv6-route 43 ipv6-frag 44 idrp 45 rsvp 46 gre 47 esp 50 ah 51 skip 57 ' +
  'ipv6-icmp 58 ipv6-nonxt 59 ipv6-opts 60 rspf 73 vmtp 81 eigrp 88 ospf 89 ax.25 93 ipip 94 etherip 97 encap 98 ' +
  'pim 103 ipcomp 108 vrrp 112 l2tp 115 isis 124 sctp 132 fc 133 mobility-header 135 udplite 136 mpls-in-ip 137 ' +
  'manet 138 hip 139 shim6 140 wesp 141 rohc 142 ethernet 143 homa 146'

const ALIASES = 'ip 0 all 0 icmpv6 58 ipv6-mh 135 mh 135'

const SERVICES =
  'echo 7 discard 9 daytime 13 chargen 19 ftp-data 20 ftp 21 ssh 22 telnet 23 smtp 25 time 37 domain 53 bootps 67 ' +
  'bootpc 68 tftp 69 gopher 70 finger 79 http 80 www 80 kerberos 88 pop3 110 sunrpc 111 auth 113 nntp 119 ntp 123 ' +
  'epmap 135 netbios-ns 137 netbios-dgm 138 netbios-ssn 139 imap2 143 imap 143 snmp 161 snmp-trap 162 bgp 179 ' +
  'irc 194 ldap 389 https 443 microsoft-ds 445 kpasswd 464 submissions 465 isakmp 500 exec 512 login 513 shell 514 ' +
  'syslog 514 printer 515 route 520 ripng 521 rtsp 554 ipp 631 ldaps 636 domain-s 853 rsync 873 ftps 990 imaps 993 ' +
  'pop3s 995 socks 1080 openvpn 1194 ms-sql-s 1433 ms-sql-m 1434 l2f 1701 radius 1812 radius-acct 1813 nfs 2049 ' +
  'mysql 3306 ms-wbt-server 3389 stun 3478 svn 3690 epmd 4369 ipsec-nat-t 4500 iax 4569 rfb 5900 xmpp-client 5222 ' +
  'xmpp-server 5269 mdns 5353 postgresql 5432 amqps 5671 amqp 5672 x11 6000 http-alt 8080 puppet 8140 git 9418 ' +
  'bacula-fd 9102 zabbix-agent 10050 zabbix-trapper 10051 amanda 10080'

function table(text: string): ReadonlyMap<string, number> {
  const words = text.split(' ')
  return new Map(words.flatMap((word, i) => (i % 2 === 0 ? [[word, Number(words[i + 1])]] : [])))
}

const NUMBER_OF = table(`${NAMES} ${ALIASES}`)
const NAME_OF = new Map([...table(NAMES)].map(([name, number]) => [number, name]))
const PORT_OF = table(SERVICES)

/** The protocol number of a name or number; 0 is every protocol. */
export function protocolNumber(text: string): number {
  const number = NUMBER_OF.get(text) ?? parseUint(text, 255) ?? NUMBER_OF.get(text.toLowerCase())
  if (number === undefined) throw new Problem(`unknown protocol "${text}" specified`, { field: text })
  return number
}

/** The name iptables-save prints, the number when there is none. */
export const protocolName = (number: number): string => NAME_OF.get(number) ?? String(number)

/** A port by number or service name; undefined when it is neither. */
export const portNumber = (text: string): number | undefined => parseUint(text, 65535) ?? PORT_OF.get(text)
