import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { visible } from '../../src/core/text.ts'
import type { DroppedFile } from '../check/hashing.ts'
import { useDropped } from '../explorer/dropping.ts'
import { useCase } from './context.ts'
import { type HandedOver, nothingHanded, taken } from './handed.ts'
import { Offer } from './offer.tsx'
import { Trouble } from './parts.tsx'

/** Opens a release, shows what is offered, and signs what becomes of it: taken over, refused, or taken back by its giver. */
export function TakeOver(): JSX.Element {
  const { told, hashing } = useCase()
  const said = told.takeOver
  const [handed, setHanded] = useState<HandedOver>(nothingHanded)
  // What is dropped while something is hashed comes after it.
  const last = useRef<Promise<HandedOver>>(Promise.resolve(nothingHanded))
  const clear = (): void => {
    last.current = Promise.resolve(nothingHanded)
    setHanded(nothingHanded)
  }
  const [progress, setProgress] = useState<string>()
  const [error, setError] = useState<unknown>()
  const take = async (given: Promise<readonly DroppedFile[]>): Promise<void> => {
    setError(undefined)
    const onFile = (path: string): void => setProgress(`${said.hashing} ${visible(path)}`)
    const before = last.current
    const next = before.then(async (had) => taken(had, await given, hashing, onFile))
    last.current = next.catch(() => before)
    try {
      setHanded(await next)
    } catch (cause) {
      setError(cause)
    } finally {
      setProgress(undefined)
    }
  }
  const choose = useDropped((given) => void take(given))
  const { release, refusal } = handed
  return (
    <section class="take-over">
      <h1>{said.title}</h1>
      <p>{said.intro}</p>
      <p class="choose">
        <label class="button">
          {said.choose}
          <input type="file" id="take-over-files" multiple onChange={choose} />
        </label>{' '}
        {release === undefined && refusal === undefined ? (
          ''
        ) : (
          <button type="button" class="clear" onClick={clear}>
            {said.clear}
          </button>
        )}{' '}
        {progress === undefined ? '' : <span role="status">{progress} …</span>}
      </p>
      {error === undefined ? '' : <Trouble error={error} />}
      {refusal === undefined ? '' : <Trouble error={refusal} lead={said.notRelease} />}
      {release === undefined ? (
        refusal === undefined ? (
          <p>{said.noRelease}</p>
        ) : (
          ''
        )
      ) : (
        <Offer handed={handed} key={release.opened.jti} />
      )}
    </section>
  )
}
