import type { JSX } from 'preact'
import type { ParticipantInfo } from '../../src/client/ledger-client.ts'
import { visible } from '../../src/core/text.ts'

/** Most participants that are proposed while an id is typed. */
const mostPeople = 500

/** Ids of active participants, for fields that ask for one. */
export function People({
  participants,
  id = 'people',
}: {
  participants: readonly ParticipantInfo[]
  id?: string
}): JSX.Element {
  const active = participants.filter((one) => one.active).slice(0, mostPeople)
  return (
    <datalist id={id}>
      {active.map((one) => (
        <option value={one.id}>{visible(one.name ?? one.id)}</option>
      ))}
    </datalist>
  )
}

/** Whether a participant decides over what others deposited. */
export function isAuthority(participants: readonly ParticipantInfo[], id: string | undefined): boolean {
  return participants.find((one) => one.id === id)?.roles.includes('authority') === true
}
