import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { settled } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { thumbprint } from '../../src/core/jwk.ts'
import { participantTypes, personalTypes } from '../../src/statements/vocabulary.ts'
import { textIn } from '../ui/form.ts'
import { saveFile } from '../ui/save.ts'
import { useDepositing } from './context.ts'
import { type BrowserKey, tokensOf } from '../ui/key.ts'
import { admissionRequest } from './statement.ts'

type State = 'asking' | 'admitted' | 'notDepositor' | 'notAdmitted' | 'unknown'

/** Whether the key is admitted; where it is not, the request that an administrator reads. */
export function Admission({ own, told }: { own: BrowserKey; told: (isAdmitted: boolean) => void }): JSX.Element {
  const { client, ledger, said } = useDepositing()
  const [state, setState] = useState<State>('asking')
  const ask = async (): Promise<void> => {
    const found = await stateOf(client.as(tokensOf(own)), own)
    setState(found)
    told(found === 'admitted')
  }
  useEffect(() => void ask(), [own.id])
  const save = (event: Event): void => {
    event.preventDefault()
    const form = new FormData(event.target as HTMLFormElement)
    const type = textIn(form, 'type')
    // The name of a person stands in no entry: the administrator seals it.
    const name = (personalTypes as readonly string[]).includes(type) ? '' : textIn(form, 'name')
    saveFile(`${own.id}.admission.json`, admissionRequest(own, ledger?.origin ?? '', name, type))
  }
  return (
    <section class="admission" data-state={state}>
      <h2>{said.admission.title}</h2>
      {state === 'asking' ? <p role="status">…</p> : <p role="status">{said.admission[state]}</p>}
      {state === 'notAdmitted' || state === 'unknown' ? (
        <form onSubmit={save}>
          <label>
            {said.admission.name} <input name="name" />
          </label>
          <label>
            {said.admission.type}{' '}
            <select name="type">
              {participantTypes.map((type) => (
                <option value={type}>{said.admission.type_[type]}</option>
              ))}
            </select>
          </label>
          <button type="submit" disabled={ledger === undefined}>
            {said.admission.save}
          </button>{' '}
          <button type="button" onClick={() => void ask()}>
            {said.admission.again}
          </button>
        </form>
      ) : (
        ''
      )}
    </section>
  )
}

/** Asks with a token of the key itself: a ledger shows participants to participants. */
async function stateOf(
  client: {
    participants: () => Promise<
      readonly {
        id: string
        roles: readonly string[]
        active: boolean
        keys: readonly { thumbprint: string; status: string }[]
      }[]
    >
  },
  own: BrowserKey,
): Promise<State> {
  const all = await settled(client.participants())
  if (all instanceof EvidenceError)
    return all.code === 'token-invalid' || all.code === 'not-authenticated' ? 'notAdmitted' : 'unknown'
  const kid = thumbprint(own.jwk)
  const found = all.find(
    ({ id, active, keys }) =>
      active && id === own.id && keys.some((key) => key.thumbprint === kid && key.status === 'active'),
  )
  if (found === undefined) return 'notAdmitted'
  return found.roles.includes('depositor') ? 'admitted' : 'notDepositor'
}
