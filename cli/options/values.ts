import { EvidenceError } from '../../src/core/errors.ts'
import { type DigestAlgorithm, digestLengths, isDigestAlgorithm } from '../../src/core/hash.ts'

/** Reads `<algorithm>:<lower-case hex>`, the value of an option. Throws `query-invalid`, and `usage` where the next option was taken for it. */
export function digestArgument(text: string, option: string): [algorithm: DigestAlgorithm, hex: string] {
  if (text.startsWith('-')) throw new EvidenceError('usage', `the option ${option} <algorithm:hex> has no value`)
  const [algorithm = '', hex = '', extra] = text.split(':')
  const isHex = extra === undefined && /^[0-9a-f]*$/.test(hex)
  if (!isDigestAlgorithm(algorithm) || !isHex || hex.length !== 2 * digestLengths[algorithm]) {
    throw new EvidenceError(
      'query-invalid',
      `${JSON.stringify(text)} is not <algorithm>:<lower-case hex> of that algorithm’s length`,
    )
  }
  return [algorithm, hex]
}
