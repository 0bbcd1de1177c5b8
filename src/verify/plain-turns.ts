import type { PlainTurn } from '../statements/kind.ts'
import { isReplayed, kindNamed } from '../statements/kinds.ts'
import type { PlainReferences } from '../statements/plain/members.ts'
import { isSameGround, isSameSigner } from '../statements/plain/recognise.ts'
import { judgeTarget } from '../statements/references.ts'
import type { Registry } from '../statements/registry.ts'
import type { Findings, History } from '../statements/rules.ts'
import { type Appraisal, plain, recognised } from './appraisal.ts'

/** Whether all that a plain entry refers to is there and is what it says; false leaves it to the rulebook. */
function refersRightly(
  references: PlainReferences | undefined,
  index: number,
  iss: string,
  history: Pick<History, 'target'>,
): boolean {
  if (references === undefined) return true
  return references.list.every((one) => {
    const findings: Findings = { violations: [], unjudged: [] }
    const target = judgeTarget({ ...one, where: 'of' }, { entry: { index }, findings, history })
    return target !== undefined && (!references.ofOwnOnly || target.iss === iss)
  })
}

/** Which of the signers of an appraisal are on a later registry what they were on that which it was made on. */
class StandingSigners {
  private readonly registry: Registry
  private readonly signers: Appraisal['signers']
  /** The registry that was asked about last, and what of each signer was found then; undefined where none stands. */
  private now: Registry
  private found: (boolean | undefined)[] | undefined = []

  constructor(registry: Registry, signers: Appraisal['signers']) {
    this.registry = registry
    this.signers = signers
    this.now = registry
  }

  /** Whether an entry by the signer of a number stands on a registry as it did on that of the appraisal. */
  stands(signer: number, now: Registry): boolean {
    const { registry, found } = this
    if (now !== this.now) {
      const isSame = isSameGround(registry, now)
      // What kinds with state keep changes often, and says nothing of any signer.
      const hasChanged = now.keys !== this.now.keys || now.participants !== this.now.participants
      this.found = isSame ? (hasChanged ? [] : (found ?? [])) : undefined
      this.now = now
    }
    if (this.found === undefined) return false
    const [iss, kid] = this.signers[signer] as readonly [string, string]
    return (this.found[signer] ??= isSameSigner(registry, now, iss, kid))
  }
}

/** Judges of the plain entries of an appraisal, in their turn, what threads could not know: the registry of now, and the entries before. */
export class PlainTurns {
  private readonly appraisal: Appraisal
  private readonly registry: Registry
  private readonly history: Pick<History, 'target'>
  private readonly signers: StandingSigners
  private readonly steps: readonly (((turn: PlainTurn) => Registry | undefined) | undefined)[]
  private readonly replayed: readonly boolean[]

  /** @param registry that which the appraisal was made on. */
  constructor(appraisal: Appraisal, registry: Registry, history: Pick<History, 'target'>) {
    this.appraisal = appraisal
    this.registry = registry
    this.history = history
    this.signers = new StandingSigners(registry, appraisal.signers)
    this.steps = appraisal.kinds.map((kind) => kindNamed(kind)?.plain?.step)
    this.replayed = appraisal.kinds.map(isReplayed)
  }

  /** The registry after entry `index`, at place `i` of the appraisal, where it stands on the registry `now`; undefined leaves it to the rulebook. */
  after(i: number, index: number, now: Registry): Registry | undefined {
    const { appraisal, history } = this
    if (((appraisal.marks[i] as number) & plain) === 0 || !this.isByStanding(i, now)) return undefined
    const references = appraisal.references.get(i)
    const carried = appraisal.releases.get(i)
    if (carried === undefined) {
      const [iss] = appraisal.signers[appraisal.signerOf[i] as number] as readonly [string, string]
      return refersRightly(references, index, iss, history) ? now : undefined
    }
    const step = this.steps[appraisal.kindOf[i] as number]
    const { release } = carried
    return step?.({ registry: now, entry: { index }, history, references: references?.list ?? [], release })
  }

  /** Whether the entry at a place is of a kind that is judged again at start. */
  isReplayed(i: number): boolean {
    return this.replayed[this.appraisal.kindOf[i] as number] === true
  }

  /** Whether who signed an entry, and within it, may do so on the registry `now`. */
  private isByStanding(i: number, now: Registry): boolean {
    if (now === this.registry) return true
    const { marks, signerOf, releases } = this.appraisal
    if (((marks[i] as number) & recognised) === 0) return false
    const inner = releases.get(i)?.signer
    return this.signers.stands(signerOf[i] as number, now) && (inner === undefined || this.signers.stands(inner, now))
  }
}
