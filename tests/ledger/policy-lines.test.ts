import { describe, expect, it } from 'vitest'
import { verifierKey } from '../../src/core/note.ts'
import { parsePolicy } from '../../src/core/policy.ts'
import { withKeyExchanged, withoutLog } from '../../src/ledger/policy-lines.ts'
import { signerNamed } from '../support/signers.ts'

const keyOf = (signer: string, name = 'court.example/one'): string =>
  verifierKey(name, signerNamed(signer).publicKey).text
const [old, next] = [keyOf('old'), keyOf('new')]

describe('a key that is exchanged in a policy', () => {
  it('is exchanged in the definition, whatever comments before it say', () => {
    const comments = `# the key of 2026: ${old}\n  # next: ${next}\n\n`
    const policy = `${comments}log ${old} https://court.example\t\nquorum none\n`
    const after = withKeyExchanged(policy, old, next)
    expect(after).toBe(`${comments}log ${next} https://court.example\t\nquorum none\n`)
    expect(parsePolicy(Buffer.from(after, 'latin1')).logs.map(({ key }) => key.text)).toEqual([next])
    expect(withKeyExchanged(after, old, next)).toBe(after)
  })

  it('may have any name that a key may have', () => {
    for (const name of ['court.example/a$$b', "court.example/$&$1$`$'", 'court.example/é', 'court.example/^.*']) {
      const [from, to] = [keyOf('old', name), keyOf('new', name)]
      const policy = Buffer.from(`log ${from}\nquorum none\n`, 'utf8').toString('latin1')
      const after = parsePolicy(Buffer.from(withKeyExchanged(policy, from, to), 'latin1'))
      expect(after.logs.map(({ key }) => key.text)).toEqual([to])
    }
  })

  it('is a whole word: no longer one is changed', () => {
    const policy = `witness w ${old}x\nlog ${old}\nquorum none\n`
    expect(withKeyExchanged(policy, old, next)).toBe(`witness w ${old}x\nlog ${next}\nquorum none\n`)
  })
})

it('the log line of a key is taken away, and no other line that names it', () => {
  const policy = `# ${old}\n log\t${old} https://a.example\nlog ${next}\nwitness w ${old}\nquorum none\n`
  expect(withoutLog(policy, old)).toBe(`# ${old}\nlog ${next}\nwitness w ${old}\nquorum none\n`)
})
