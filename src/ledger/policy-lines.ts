import { latin1, utf8 } from '../core/bytes.ts'

/*
 * Changes of a policy that leave its operator's own words as they are: definitions are changed by the words that they have, and comments never
 * (docs/spec/07-policy.md). A policy is octets, here a character each.
 */

/** A policy whose definitions have the vkey `to` wherever they had the vkey `from`. */
export function withKeyExchanged(policy: string, from: string, to: string): string {
  const [old, next] = [octets(from), octets(to)]
  return changed(policy, (words) => words.map((word) => (word === old ? next : word)))
}

/** A policy without the `log` line of a vkey. */
export function withoutLog(policy: string, vkey: string): string {
  const own = octets(vkey)
  return changed(policy, (words) => {
    const [keyword, key] = words.filter((word) => !/^[ \t]*$/.test(word))
    return keyword === 'log' && key === own ? undefined : words
  })
}

function octets(vkey: string): string {
  return latin1(utf8(vkey))
}

/** Changes the words of each definition, white space among them; undefined takes the line away. */
function changed(policy: string, change: (words: readonly string[]) => readonly string[] | undefined): string {
  const lines = policy.split('\n').flatMap((line) => {
    if (/^[ \t]*(?:#|$)/.test(line)) return [line]
    const words = change(line.split(/([ \t]+)/))
    return words === undefined ? [] : [words.join('')]
  })
  return lines.join('\n')
}
