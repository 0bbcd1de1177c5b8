import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { count } from '../../src/core/text.ts'
import type { UnitReference } from '../../src/statements/members.ts'
import type { BrowserKey } from '../ui/key.ts'
import { saveFile } from '../ui/save.ts'
import { useCase } from './context.ts'
import { Trouble } from './parts.tsx'
import { type Sending, useSending } from './sending.ts'
import { type SignedRelease, signOffered } from './statements.ts'

/** A release as it was signed here, and what its file is called. */
export interface NamedRelease extends SignedRelease {
  readonly name: string
}

/** The recording of an offer in the ledger: one entry for each reference of the release. */
export interface Recording {
  readonly sending: Sending
  /** Entries that record it, as far as they are made. */
  readonly entries: readonly number[]
  readonly isWhole: boolean
  readonly begin: (key: BrowserKey, release: SignedRelease, exhibits: readonly UnitReference[]) => Promise<void>
  /** Goes on where it broke off: what was signed and not answered is sent again as it is. */
  readonly goOn: () => Promise<void>
}

/** Records offers one after another. */
export function useRecording(origin: string): Recording {
  const sending = useSending()
  const [entries, setEntries] = useState<readonly number[]>([])
  const [isWhole, setWhole] = useState(false)
  const left = useRef<() => Promise<void>>(() => Promise.resolve())
  const begin: Recording['begin'] = (key, release, exhibits) => {
    const made: number[] = []
    setEntries([])
    setWhole(false)
    left.current = async () => {
      for (const of of exhibits.slice(made.length)) {
        const said = JSON.stringify([release.jws, of])
        const answer = await sending.send({ origin, of: said, sign: () => signOffered(key, origin, of, release) })
        if (answer === undefined) return
        made.push(answer.index)
        setEntries([...made])
      }
      setWhole(true)
    }
    return left.current()
  }
  return { sending, entries, isWhole, begin, goOn: () => left.current() }
}

/** What is shown of a release once it is signed: it is saved, and that it was offered is recorded. */
export function Released({
  release,
  recording: { sending, entries, isWhole, goOn },
  done,
}: {
  release: NamedRelease
  recording: Recording
  done: () => void
}): JSX.Element {
  const { told } = useCase()
  const said = told.handOver
  return (
    <div class="note released">
      <p role="status">{said.signed}</p>
      <p>
        <button type="button" class="save-release" onClick={() => saveFile(release.name, release.file)}>
          {said.save}
        </button>
      </p>
      <p>{said.withdraw}</p>
      {sending.isBusy ? <p role="status">{told.sending} …</p> : ''}
      {sending.trouble === undefined ? (
        ''
      ) : (
        <>
          <Trouble {...sending.trouble} />
          <button type="button" class="record-rest" disabled={sending.isBusy} onClick={() => void goOn()}>
            {said.recordRest}
          </button>
        </>
      )}
      {isWhole ? (
        <div class="deposited" data-index={entries[0]}>
          <ul>
            {entries.map((index) => (
              <li>{said.recorded(count(index))}</li>
            ))}
          </ul>
          <button type="button" class="again" onClick={done}>
            {said.reload}
          </button>
        </div>
      ) : (
        ''
      )}
    </div>
  )
}
