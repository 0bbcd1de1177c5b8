import { append } from '../../core/arrays.ts'
import { EvidenceError } from '../../core/errors.ts'
import { z } from 'zod'
import { judgeRelease, type Release, releaseOf } from '../custody-release.ts'
import {
  type Custody,
  custodyOfDeposit,
  heldUnitSince,
  type Unit,
  unitsOfDeposit,
  useOf,
  withCustody,
  withDoubt,
  withUse,
} from '../custody-state.ts'
import {
  custodianRoles,
  uncertainOf,
  judgeCustody,
  judgeDistinct,
  judgeNamedTwice,
  judgeUnits,
  leaveUnitsOpen,
  placedUnits,
} from '../custody-units.ts'
import { defined } from '../../core/objects.ts'
import type { Asked, EventFlag, PlacedReference, StatementKind } from '../kind.ts'
import { clearText, code, sealing, sealMembers } from '../members.ts'
import { type Findings, leaveOpen, violate } from '../rules.ts'
import { acceptanceClaim, offerClaim, sealedShapes } from '../sealed.ts'
import { mayBeUnshown } from '../unshown.ts'

const schema = sealing(
  z.strictObject({
    release: clearText(12_288),
    outcome: z.enum(['accepted', 'rejected', 'withdrawn']),
    reason: code.optional(),
    checked: z
      .array(z.enum(['match', 'differs', 'not-checked']))
      .min(1)
      .max(64)
      .optional(),
    ...sealMembers,
  }),
).refine(
  ({ outcome, reason, checked }) =>
    (reason === undefined || outcome === 'rejected') && (checked === undefined) === (outcome === 'withdrawn'),
  {
    error: 'does not go with "reason" or "checked"',
    path: ['outcome'],
  },
)
export type TransferMembers = z.infer<typeof schema>

/** A holder's release of units, with what became of it: custody passes to the receiver, or stays (docs/spec/19-custody.md). */
export const custodyTransfer: StatementKind<'custody.transfer', TransferMembers> = {
  name: 'custody.transfer',
  schema,
  roles: custodianRoles,
  seals: { note: sealedShapes.note, offer: offerClaim, acceptance: acceptanceClaim },
  hasState: true,
  family: { prefix: 'custody.', unknown: withDoubt },
  references: exhibitsOf,
  signedWithin: (members) => readable(members).map(({ iss, header }) => ({ iss, kid: header.kid })),
  flags: (members) => [...new Set(exhibitsOf(members).flatMap(({ event }) => event?.flags ?? []))],
  sealedFault(members, claim, _value, digest) {
    const isReleased = readable(members).some(({ _sd }) => _sd?.includes(digest) === true)
    return isReleased === (claim === 'offer') ? undefined : 'is not "offer" as the release seals it'
  },
  judge(asked) {
    const { registry, entry, members, findings } = asked
    const before = findings.violations.length
    const release = releaseOf(members)
    if (release instanceof EvidenceError) {
      findings.violations.push(release)
      return registry
    }
    const named = judgeExhibits(asked, release)
    const found = findings.violations.slice(before)
    const body = { kind: custodyTransfer.name, members, rule: custodyTransfer as StatementKind }
    // A release whose key is not shown uses nothing up.
    const isUsed = found.every((one) => one.code !== 'release-key' && mayBeUnshown(one, registry, body))
    if (named === undefined || !isUsed) return registry
    const used = withUse(registry, release, { index: entry.index })
    return members.outcome === 'accepted'
      ? withCustody(used, named, (one) => handedOver(one, release, entry.index))
      : used
  },
  leftOpen(asked) {
    const { entry, members } = asked
    const [release] = readable(members)
    const next = leaveUnitsOpen(exhibitsOf(members), asked)
    return release === undefined ? next : withUse(next, release, { index: entry.index, isOpen: true })
  },
  // A key belongs to one participant for ever, which has the roles that it was admitted with.
  holdsAnyway: (registry, members, { code: found }) =>
    ['release-key', 'in-lieu-authority'].includes(found) &&
    readable(members).some(({ header }) => registry.keys.has(header.kid)),
  unitsOf: unitsOfDeposit,
  custody: custodyOfDeposit,
  heldSince: heldUnitSince,
}

/** The release of a transfer, if it can be read. */
function readable(members: Pick<TransferMembers, 'release'>): Release[] {
  const release = releaseOf(members)
  return release instanceof EvidenceError ? [] : [release]
}

/** The exhibits of a transfer, each with what is said of it: what differs is said of that one alone. */
function exhibitsOf({ outcome, checked = [], ...members }: TransferMembers): PlacedReference[] {
  const isMoved = outcome === 'accepted'
  return readable(members).flatMap(({ iss: giver, to: receiver, inLieu, exhibits }) => {
    const passed = { what: 'handed-over', code: outcome, giver, receiver } as const
    return placedUnits('release.exhibits', exhibits).map((exhibit, i) => {
      const flags: EventFlag[] = []
      if (isMoved && inLieu !== undefined) flags.push('moved-by-order')
      if (isMoved && checked[i] === 'differs') flags.push('accepted-differs')
      return { ...exhibit, event: { ...passed, ...defined({ flags: flags.length === 0 ? undefined : flags, inLieu }) } }
    })
  })
}

/** Judges a transfer, in the order of the specification; gives the units where nothing keeps their custody from being asked. */
function judgeExhibits(asked: Asked<TransferMembers>, release: Release): readonly Unit[] | undefined {
  const { registry, findings, members } = asked
  if (!judgeRelease(asked, release)) return undefined
  const exhibits: Findings = { violations: [], unjudged: [] }
  const named = judgeUnits(exhibitsOf(members), { ...asked, findings: exhibits })
  const use = useOf(registry, release)
  if (use !== undefined) {
    const message = `entry ${use.index} used the release ${release.jti} of ${release.iss}`
    const isOpen = use.isOpen === true || exhibits.unjudged.length > 0 || uncertainOf(registry, named) !== undefined
    if (isOpen) leaveOpen(findings, message, 'release')
    else {
      violate(findings, 'release-used', message, 'release')
      return undefined
    }
  }
  append(findings.violations, exhibits.violations)
  append(findings.unjudged, exhibits.unjudged)
  if (judgeNamedTwice(exhibitsOf(members), asked)) return undefined
  if (exhibits.violations.length > 0 || !judgeDistinct(named, findings)) return undefined
  if (release.inLieu === undefined)
    judgeCustody(named, { holder: release.iss, isEnded: false, since: release.since }, asked)
  return named
}

/** Custody after a transfer; one in lieu leaves its mark for ever, and leaves nothing open. */
function handedOver({ movedByOrder }: Custody, { to, inLieu }: Release, index: number): Custody {
  const order = inLieu === undefined ? movedByOrder : index
  return { holder: to, since: index, ...(order === undefined ? {} : { movedByOrder: order }) }
}
