/** A time as ctime(3) writes it, in UTC: what iptables-save puts into its comments. */
export function toolDate(milliseconds: number): string {
  const words = new Date(milliseconds).toUTCString().split(/[ ,]+/)
  const [weekday, day, month, year, time] = words
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`
}
