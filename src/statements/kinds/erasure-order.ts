import { z } from 'zod'
import type { Asked, Erasing, StatementKind } from '../kind.ts'
import { origin, placed, sealedDigests, sealMembers, wholeEntry } from '../members.ts'
import { judgeSaid } from '../references.ts'
import { leaveOpen, type SaidFacts, type TargetFacts, violate } from '../rules.ts'

const target = z.strictObject({ ...wholeEntry.shape, digests: sealedDigests })

const schema = z.strictObject({
  of: z
    .array(target)
    .min(1)
    .max(64)
    .refine((list) => new Set(list.map(({ index }) => index)).size === list.length, { error: 'names an entry twice' }),
  origin: origin.optional(),
  _sd: sealedDigests,
  _sd_alg: sealMembers._sd_alg.unwrap(),
})
export type ErasureOrderMembers = z.infer<typeof schema>

/** Kinds whose entries an orderer cannot have erased where they are its own: an order would hide its own reason. */
const protectedKinds = /^(?:access|erasure|watch)\./

const text = z.string().min(1)

function targetsOf({ of, origin: elsewhere }: ErasureOrderMembers): readonly Erasing[] {
  return elsewhere === undefined ? of : []
}

/** Sealed claims of earlier entries are to be erased, wherever they are kept (docs/spec/22-erasure.md). */
export const erasureOrder: StatementKind<'erasure.order', ErasureOrderMembers> = {
  name: 'erasure.order',
  schema,
  roles: ['authority'],
  seals: { basis: text, note: text },
  mustSeal: ['basis'],
  proposal: {
    touchesRecovery: () => false,
    replacesAdministrator: () => false,
    leastAdministrators: 2,
    mayStandAlone: true,
  },
  references: (members) =>
    targetsOf(members).map((one, i) => ({
      ...placed(`of[${i}]`, one),
      event: { what: 'erasure-ordered' },
      asksWhat: true,
    })),
  erases: targetsOf,
  erasesBefore: ({ of, origin: before }) => (before === undefined ? undefined : { origin: before, of }),
  judge(asked) {
    const { registry, members } = asked
    if (members.origin !== undefined) judgeOrigin(asked, members.origin)
    else members.of.forEach((one, i) => judgeErased(asked, one, `of[${i}]`))
    return registry
  },
}

/** Whether the order is a change that administrators approved, and no authority's own. */
function isChange({ entry }: Asked<ErasureOrderMembers>): boolean {
  return entry.statement.common.kind !== erasureOrder.name
}

/** Targets of another ledger: that one must be the one that this ledger continues. */
function judgeOrigin(asked: Asked<ErasureOrderMembers>, named: string): void {
  const { registry, findings } = asked
  if (registry.environment === undefined) leaveOpen(findings, 'which ledger this one continues is not known', 'origin')
  else if (registry.continues !== named)
    violate(findings, 'erasure-origin', `this ledger does not continue ${named}`, 'origin')
  else if (isChange(asked))
    violate(findings, 'erasure-held', `who holds units of ${named} is not known in this ledger`, 'origin')
}

function judgeErased(asked: Asked<ErasureOrderMembers>, one: Erasing, where: string): void {
  const found = judgeSaid(placed(where, one), asked)
  if (found === undefined) return
  const { findings } = asked
  const { target: erased, said } = found
  const { index, digests } = one
  const foreign = digests.find((digest) => !said.digests.includes(digest))
  if (protectedKinds.test(said.kind) && isOwn(asked, erased, said))
    violate(findings, 'erasure-own', `entry ${index} is a ${said.kind} of the orderer itself`, where)
  else if (foreign !== undefined)
    violate(findings, 'erasure-digest', `entry ${index} seals no claim with the digest ${foreign}`, where)
  else if (isChange(asked) && erased.items !== undefined) judgeHeld(asked, index, erased.iss, where)
}

/** Administrators who decide together are one orderer. */
function isOwn(asked: Asked<ErasureOrderMembers>, { iss }: TargetFacts, said: SaidFacts): boolean {
  return iss === asked.entry.statement.common.iss || (isChange(asked) && said.isChange)
}

/** Administrators have erased only what nobody but its depositor holds. */
function judgeHeld({ findings, unitsOf }: Asked<ErasureOrderMembers>, index: number, iss: string, where: string): void {
  const units = unitsOf(index, iss)
  if (units === 'moved')
    violate(findings, 'erasure-held', `units of entry ${index} are no longer held by ${iss}`, where)
  else if (units === 'not-judged') leaveOpen(findings, `who holds the units of entry ${index} is not known`, where)
}
