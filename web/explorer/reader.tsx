import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { visible } from '../../src/core/text.ts'
import { type BrowserKey, ownKey } from '../ui/key.ts'
import { pageAddress } from '../ui/nav.ts'
import { forget, keep, kept } from '../ui/storage.ts'
import { whenChangedElsewhere } from '../ui/store.ts'
import { type Reader, useExplorer } from './context.ts'

const place = 'evidence-reading'

/** The key of this browser, if it has one, and whether this tab reads with it. */
export function useReader(): {
  readonly key: BrowserKey | undefined
  readonly isHere: boolean
  readonly reader: Reader
} {
  const [state, setState] = useState<{ readonly key: BrowserKey | undefined } | undefined>()
  const [readingAs, setReadingAs] = useState(kept(place, 'tab'))
  useEffect(() => {
    const load = (): void => void ownKey().then((key) => setState({ key }))
    load()
    return whenChangedElsewhere('keys', load)
  }, [])
  const key = state?.key
  const own = key === undefined ? undefined : nameOf(key)
  const read = (isReading: boolean): void => {
    if (isReading && own !== undefined) keep(place, own, 'tab')
    else forget(place, 'tab')
    setReadingAs(isReading ? own : undefined)
  }
  // Another key in its place is another reader, who did not ask.
  const isReading = own !== undefined && readingAs === own
  return { key, isHere: state !== undefined, reader: { own: key?.id, isReading, read } }
}

const nameOf = ({ id, jwk }: BrowserKey): string => `${id} ${jwk.x}`

/** Says who reads, and lets it be changed. */
export function ReaderBar(): JSX.Element {
  const { reader, said } = useExplorer()
  const { own, isReading, read } = reader
  const words = said.reader
  return (
    <div class="reader" data-reading={isReading ? own : undefined}>
      {isReading ? (
        <>
          {words.reading} <bdi dir="auto">{visible(own ?? '')}</bdi>{' '}
          <button type="button" onClick={() => read(false)}>
            {words.stop}
          </button>
        </>
      ) : (
        <>
          {words.nobody}{' '}
          {own === undefined ? (
            <a href={pageAddress('deposit')}>{words.make}</a>
          ) : (
            <button type="button" onClick={() => read(true)}>
              {words.read} <bdi dir="auto">{visible(own)}</bdi>
            </button>
          )}
        </>
      )}
    </div>
  )
}
