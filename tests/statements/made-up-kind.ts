import { z } from 'zod'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { parseHeader, splitJws } from '../../src/core/jws.ts'
import type { Asked, StatementKind } from '../../src/statements/kind.ts'
import { openInnerJws } from '../../src/statements/inner-jws.ts'
import { clearText, placed, reference } from '../../src/statements/members.ts'
import { judgeReference } from '../../src/statements/references.ts'
import { isActive, type Registry, withState } from '../../src/statements/registry.ts'
import { violate } from '../../src/statements/rules.ts'

/*
 * A kind that no version has: a deposit is handed to the signer of the statement by its holder, who signed a release within. It
 * keeps state (who holds what), has a second signer, and lets the new holder read the deposit. All of it is in this file.
 */

export const name = 'evidence.hand-over'
export const releaseTyp = 'evidence-release+jwt'

const schema = z.strictObject({ of: reference, release: clearText(2048) })
type Members = z.infer<typeof schema>

/** Holder of each deposit that changed hands, by index of its entry. */
type Holders = ReadonlyMap<number, string>

function holders({ states }: Registry): Holders {
  return (states?.get(name) as Holders | undefined) ?? new Map<number, string>()
}

export const handOver: StatementKind<typeof name, Members> = {
  name,
  schema,
  roles: ['depositor', 'attestor'],
  seals: {},
  hasState: true,
  references: ({ of }) => [placed('of', of)],
  cosigners({ release }) {
    try {
      return [parseHeader(splitJws(release, 'release').header, releaseTyp, 'release').kid]
    } catch (error) {
      if (isEvidenceError(error)) return []
      throw error
    }
  },
  grantsReading: (registry, participant, index) => holders(registry).get(index) === participant,
  judge(asked) {
    const { registry, entry, members, findings } = asked
    const target = judgeReference(placed('of', members.of), asked)
    if (target === undefined) return registry
    const { index } = members.of
    const holder = holders(registry).get(index) ?? target.iss
    const why = releaseFault(asked, holder)
    if (why === undefined)
      return withState(registry, name, new Map(holders(registry)).set(index, entry.statement.common.iss))
    violate(findings, 'possession-invalid', `the release ${why}`, 'release')
    return registry
  },
}

/** Why the holder has not released the deposit to the signer; undefined where it has. */
function releaseFault({ registry, entry, members, context }: Asked<Members>, holder: string): string | undefined {
  try {
    const { jws, header, payload } = openInnerJws(members.release, releaseTyp, 'release')
    const key = registry.keys.get(header.kid)
    if (key?.participant !== holder || key.status !== 'active' || !isActive(registry, holder))
      return 'is not by the holder'
    if (payload['of'] !== members.of.index || payload['to'] !== entry.statement.common.iss)
      return 'is of something else'
    return context.verifies(key.publicKey, jws.signingInput, jws.signature) ? undefined : 'does not verify'
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    return `cannot be read: ${error.message}`
  }
}
