import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { leafHash } from '../../src/core/entry.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { rootFromTiles } from '../../src/core/merkle/tiles.ts'
import { verifierKey } from '../../src/core/note.ts'
import { encodeLogPolicy, parsePolicy } from '../../src/core/policy.ts'
import { approve, changeMembers, composeProposal } from '../../src/statements/approval-file.ts'
import { rotatedPolicy } from '../../src/verify/rotated-policy.ts'
import { LogView } from '../../src/log/view.ts'
import { administrator, ledgerKey, ledgerSigner, origin, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { python } from '../support/python.ts'
import { signerNamed } from '../support/signers.ts'
import { statement } from '../support/statements.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)
const next = signerNamed('the next ledger key')
const nextKey = verifierKey(origin, next.publicKey)

/**
 * What both verifiers make of the receipt of a rotation, under the old key, whose possession proof is signed by one of the keys; by itself,
 * or as a change that an administrator approved.
 */
async function rotated(
  by: 'new' | 'old',
  iat = startMs / 1000,
  as: 'itself' | 'change' = 'itself',
): Promise<readonly (string | undefined)[]> {
  const chain = new TestChain().start()
  const tile = new Tile()
  for (const bytes of chain.bytes) tile.append(leafHash(bytes))
  const before = { origin, size: 2, root: rootFromTiles(2, () => tile) }
  const possession =
    by === 'new' ? signCheckpoint(before, nextKey, next.sign) : signCheckpoint(before, ledgerKey, ledgerSigner.sign)
  const members = { oldKey: ledgerKey.text, newKey: nextKey.text, reason: 'routine', possession }
  const options = { iss: 'administrator', iat }
  const context = { aud: origin, jti: randomUUID(), exp: startMs / 1000 + 3600, kind: 'ledger.rotate-key' } as const
  const change = changeMembers(approve(composeProposal(context, members), administrator))
  const [kind, said] = as === 'itself' ? ['ledger.rotate-key', members] : ['ledger.change', change]
  const index = chain.add(statement(administrator, origin, kind as string, said as object, options).jws)
  const receipt = await (await LogView.open(chain.seal())).receiptOf(index)
  const policy = utf8(encodeLogPolicy(ledgerKey))
  writeFileSync(join(path, 'rotation'), receipt)
  writeFileSync(join(path, 'policy'), policy)
  const file = join(path, 'rotation')
  const args = ['check', '--receipt', file, '--policy', join(path, 'policy'), '--rotation', file, '--json']
  // Under the brought policy the old checkpoint is trusted no more: that is what follows where the rotation is taken.
  const { faults } = python('evidence_verify.py', args).json<{ faults: { code: string }[] }>()
  const theirs = faults[0]?.code === 'checkpoint-untrusted' ? undefined : faults[0]?.code
  try {
    rotatedPolicy(parsePolicy(policy), [receipt])
    return [undefined, theirs]
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    return [error.code, theirs]
  }
}

describe('R3-L7: the receipt of a rotation', () => {
  it('brings the new key that signed a checkpoint of the ledger', async () => {
    expect(await rotated('new')).toEqual([undefined, undefined])
  })
  it('brings none without its signature', async () => {
    expect(await rotated('old')).toEqual(['ledger-possession', 'ledger-possession'])
  })
  it('brings none without its signature where several could have approved it: the receipt does not show who did', async () => {
    expect(await rotated('new', undefined, 'change')).toEqual([undefined, undefined])
    expect(await rotated('old', undefined, 'change')).toEqual(['ledger-possession', 'ledger-possession'])
  })
  it('brings none where the entry breaks another rule by itself', async () => {
    expect(await rotated('new', startMs / 1000 + 86_400)).toEqual(['issued-in-future', 'issued-in-future'])
  })
})
