import { isIPv6 } from 'node:net'

/**
 * Whose address counts as one: an IPv4 address, or the first 64 bits of an IPv6 address, which are one subscriber's network.
 * Limits by address are limits by this.
 */
export function addressGroup(address: string): string {
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [head = '', tail] = (address.split('%')[0] as string).split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  // An IPv4 part at the end stands for two groups.
  const width = left.length + right.length + (address.includes('.') ? 1 : 0)
  const whole = tail === undefined ? left : [...left, ...Array.from({ length: 8 - width }, () => '0'), ...right]
  return whole
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':')
}
