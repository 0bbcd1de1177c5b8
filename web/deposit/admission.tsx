import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { settled } from '../../src/core/attempt.ts'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { thumbprint } from '../../src/core/jwk.ts'
import { participantTypes, personalTypes } from '../../src/statements/vocabulary.ts'
import { draftOf, keepDraft } from '../ui/draft.ts'
import { saveFile } from '../ui/save.ts'
import { useDepositing } from './context.ts'
import { type BrowserKey, tokensOf } from '../ui/key.ts'
import { admissionRequest } from './statement.ts'

type State = 'asking' | 'admitted' | 'notDepositor' | 'notAdmitted' | 'lost' | 'taken' | 'clock' | 'unknown'

/** What is typed for the request. */
interface Typed {
  readonly name: string
  readonly type: string
}
const draftPlace = 'evidence-admission'

/** Whether the key is admitted; where it is not, the request that an administrator reads. */
export function Admission({
  own,
  told,
  asked,
}: {
  own: BrowserKey
  told: (isAdmitted: boolean) => void
  /** Called when the ledger is asked again. */
  asked: () => void
}): JSX.Element {
  const { client, ledger, said } = useDepositing()
  const [state, setState] = useState<State>('asking')
  const [typed, setTyped] = useState(typedBefore())
  const type = (next: Partial<Typed>): void => {
    const changed = { ...typed, ...next }
    setTyped(changed)
    keepDraft(draftPlace, JSON.stringify(changed))
  }
  const isPerson = (personalTypes as readonly string[]).includes(typed.type)
  const ask = async (): Promise<void> => {
    const found = await stateOf(client, own)
    setState(found)
    told(found === 'admitted')
  }
  useEffect(() => void ask(), [own.id])
  const save = (event: Event): void => {
    event.preventDefault()
    // The name of a person stands in no entry: the administrator seals it.
    const name = isPerson ? '' : typed.name.trim()
    saveFile(`${own.id}.admission.json`, admissionRequest(own, ledger?.origin ?? '', name, typed.type))
  }
  return (
    <section class="admission" data-state={state}>
      <h2>{said.admission.title}</h2>
      {state === 'asking' ? <p role="status">…</p> : <p role="status">{said.admission[state]}</p>}
      {state === 'notAdmitted' || state === 'unknown' ? (
        <form onSubmit={save}>
          {isPerson ? (
            <p class="person">{said.admission.person}</p>
          ) : (
            <label>
              {said.admission.name}{' '}
              <input name="name" value={typed.name} onInput={(event) => type({ name: event.currentTarget.value })} />
            </label>
          )}
          <label>
            {said.admission.type}{' '}
            <select name="type" value={typed.type} onChange={(event) => type({ type: event.currentTarget.value })}>
              {participantTypes.map((one) => (
                <option value={one}>{said.admission.type_[one]}</option>
              ))}
            </select>
          </label>
          <button type="submit" disabled={ledger === undefined}>
            {said.admission.save}
          </button>
        </form>
      ) : (
        ''
      )}
      {state === 'asking' || state === 'admitted' ? (
        ''
      ) : (
        <p>
          <button type="button" class="ask" onClick={() => (asked(), void ask())}>
            {said.admission.again}
          </button>
        </p>
      )}
    </section>
  )
}

function typedBefore(): Typed {
  const empty = { name: '', type: participantTypes[0] }
  try {
    return { ...empty, ...(JSON.parse(draftOf(draftPlace) ?? '{}') as Partial<Typed>) }
  } catch {
    return empty
  }
}

/** Asks with a token of the key itself, for a ledger may show participants to participants alone; a key that is refused is looked for as nobody. */
async function stateOf(client: LedgerClient, own: BrowserKey): Promise<State> {
  let all = await settled(client.as(tokensOf(own)).participants())
  if (all instanceof EvidenceError && all.code === 'token-invalid') {
    if (all.facts.where === 'clock') return 'clock'
    all = await settled(client.participants())
  }
  if (all instanceof EvidenceError) return all.code === 'not-authenticated' ? 'notAdmitted' : 'unknown'
  const kid = thumbprint(own.jwk)
  const owner = all.find(({ keys }) => keys.some((key) => key.thumbprint === kid))
  if (owner === undefined) return all.some(({ id }) => id === own.id) ? 'taken' : 'notAdmitted'
  if (owner.id !== own.id) return 'taken'
  const isInUse = owner.active && owner.keys.some((key) => key.thumbprint === kid && key.status === 'active')
  if (!isInUse) return 'lost'
  return owner.roles.includes('depositor') ? 'admitted' : 'notDepositor'
}
