import { EvidenceError } from '../../core/errors.ts'
import { publicKeyOf, thumbprint } from '../../core/jwk.ts'
import { isKnownAlgorithm } from '../../core/jws.ts'
import { z } from 'zod'
import { openInnerJws } from '../inner-jws.ts'
import type { Asked, StatementKind } from '../kind.ts'
import { clearText, jwk } from '../members.ts'
import { judgeNewKey } from '../new-key.ts'
import { type KeyRecord, withKey, withKeyRecord } from '../registry.ts'
import { leaveOpen } from '../rules.ts'
import { possessionTyp } from '../vocabulary.ts'

const schema = z.strictObject({ newKey: jwk, possession: clearText(4096) })
export type RotateMembers = z.infer<typeof schema>

/** A participant replaces the key that signs the statement (docs/spec/04-rulebook.md). */
export const participantRotateKey: StatementKind<'participant.rotate-key', RotateMembers> = {
  name: 'participant.rotate-key',
  schema,
  roles: [],
  seals: {},
  ownNewKey: ({ newKey }) => newKey,
  ends: (_members, { kid }) => [{ of: { key: kid }, what: 'key-rotated' }],
  judge(asked) {
    const { registry, entry, members, findings } = asked
    const { common, header } = entry.statement
    const isNew = judgeNewKey(registry, members.newKey, findings, 'newKey')
    if (isNew) judgePossession(asked)
    const old = registry.keys.get(header.kid)
    // Nobody rotates another's key, whatever else of the registry is uncertain.
    if (!isNew || old === undefined || old.participant !== common.iss) return registry
    const rotated: KeyRecord = { ...old, status: 'rotated', until: entry.index }
    return withKey(withKeyRecord(registry, rotated), common.iss, members.newKey, entry.index)
  },
}

/** The new key's own word, bound to this very statement, so that it cannot be replayed for another. */
function judgePossession({ entry, members: { newKey, possession }, findings, context }: Asked<RotateMembers>): void {
  const { common, header } = entry.statement
  const bad = (why: string): EvidenceError =>
    new EvidenceError('possession-invalid', `the possession proof ${why}`, { where: 'possession' })
  try {
    const { jws, header: own, payload } = openInnerJws(possession, possessionTyp, 'possession proof')
    if (own.kid !== thumbprint(newKey)) throw bad('is not signed by newKey')
    const expected = { aud: common.aud, iss: common.iss, jti: common.jti, old: header.kid }
    if (Object.keys(payload).length !== 4) throw bad('has other members than aud, iss, jti and old')
    for (const [member, value] of Object.entries(expected)) {
      if (payload[member] !== value) throw bad(`says another ${member} than the statement`)
    }
    if (!isKnownAlgorithm(own.alg))
      return leaveOpen(findings, `the possession proof is signed with alg ${own.alg.slice(0, 40)}`, 'possession')
    if (!context.verifies(publicKeyOf(newKey), jws.signingInput, jws.signature))
      throw bad('has a signature that does not verify')
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    const isOurs = error.code === 'possession-invalid'
    findings.violations.push(
      isOurs ? error : new EvidenceError('possession-invalid', error.message, { where: 'possession' }),
    )
  }
}
