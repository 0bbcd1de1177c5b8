import { releaseBy, transferMembers, type UnitReference } from './custody.ts'
import type { ModelRelease, Step } from './custody-model.ts'
import { signerNamed } from './signers.ts'
import { itemFor } from './statements.ts'

/** Members of what a step says, signed by keys that bear the names of their owners. */
export class Composer {
  private readonly releases = new Map<number, string>()
  private readonly origin: string
  private readonly iat: number
  private readonly reference: (index: number) => UnitReference

  constructor(origin: string, iat: number, reference: (index: number) => UnitReference) {
    this.origin = origin
    this.iat = iat
    this.reference = reference
  }

  compose(step: Step, index: number): { readonly by: string; readonly kind: string; readonly members: object } {
    if (step.what === 'deposit') {
      const items = Array.from({ length: step.items }, (_, i) => itemFor(`${index} ${i}`))
      return { by: step.by, kind: 'evidence.deposit', members: { items } }
    }
    if (step.what === 'revoke')
      return { by: 'administrator', kind: 'participant.revoke', members: { participant: step.id, reason: 'other' } }
    if (step.what !== 'transfer') {
      const of = this.units(step.exhibits)
      const members = step.what === 'end' ? { of, how: 'lost' } : { of, reason: 'found' }
      return { by: step.by, kind: `custody.${step.what}`, members }
    }
    const { release, outcome } = step
    const members = transferMembers(this.signed(release), outcome, release.exhibits.length)
    return { by: outcome === 'withdrawn' ? release.by : release.to, kind: 'custody.transfer', members }
  }

  private units(exhibits: ModelRelease['exhibits']): UnitReference[] {
    return exhibits.map(([deposit, item]) => ({ ...this.reference(deposit), ...(item === undefined ? {} : { item }) }))
  }

  /** One release has one text, however often it is shown. */
  private signed(release: ModelRelease): string {
    const { id, by: iss, to, since, isInLieu, exhibits } = release
    const told = { aud: this.origin, iss, to, since, iat: this.iat, exhibits: this.units(exhibits) }
    const text =
      this.releases.get(id) ?? releaseBy(signerNamed(iss), { ...told, ...(isInLieu ? { inLieu: 'key-lost' } : {}) })
    this.releases.set(id, text)
    return text
  }
}
