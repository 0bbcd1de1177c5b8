import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { EvidenceError } from '../../src/core/errors.ts'
import { thumbprint } from '../../src/core/jwk.ts'
import { keyFingerprint } from '../../src/core/policy-fingerprint.ts'
import { inGroups } from '../../src/told/digits.ts'
import { draftOf, forgetDraft, keepDraft } from '../ui/draft.ts'
import { textIn } from '../ui/form.ts'
import { saveFile } from '../ui/save.ts'
import { useDepositing } from './context.ts'
import { type BrowserKey, canMakeKeys, forgetKey, importKey, keepKey, makeKey } from '../ui/key.ts'
import { Trouble } from './trouble.tsx'

const leastPassphrase = 12
/** Bytes of the largest file that is read as a key. */
const mostKeyFile = 64 * 1024
const draftPlaces = { make: 'evidence-id', import: 'evidence-import-id' } as const
const idPattern = /^[a-z0-9._-]{1,64}$/

/** A passphrase as it was typed: its spaces count. */
function passphraseIn(form: FormData): string {
  const value = form.get('passphrase')
  return typeof value === 'string' ? value : ''
}

/** An id that names nobody, as a person's is. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8))
  return `p-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

/** The depositor's key: made here, taken out of a file, shown, or removed. */
export function OwnKey({
  own,
  changed,
}: {
  own: BrowserKey | undefined
  changed: (key: BrowserKey | undefined) => void
}): JSX.Element {
  const { said } = useDepositing()
  const [copy, setCopy] = useState<string>()
  if (own === undefined)
    return (
      <NewKey made={(key, file) => (Object.values(draftPlaces).forEach(forgetDraft), setCopy(file), changed(key))} />
    )
  const remove = (): void => {
    if (confirm(said.key.forgetSure)) void forgetKey().then(() => changed(undefined))
  }
  return (
    <section class="own-key">
      <h2>{said.key.title}</h2>
      <dl>
        <dt>{said.key.ownId}</dt>
        <dd>
          <code id="own-id">{own.id}</code>
        </dd>
        <dt>{said.key.is}</dt>
        <dd>
          <code class="hash">{inGroups(thumbprint(own.jwk))}</code>
        </dd>
        <dt>{said.key.fingerprint}</dt>
        <dd>
          <code class="fingerprint">{keyFingerprint(own.jwk)}</code>
        </dd>
      </dl>
      {copy === undefined ? (
        ''
      ) : (
        <p class="note" role="status">
          <button type="button" onClick={() => saveFile(`${own.id}.pem`, copy)}>
            {said.key.save}
          </button>{' '}
          {said.key.saved} {said.key.chmod} <code class="chmod">chmod 600 {own.id}.pem</code>
        </p>
      )}
      <p>
        <button type="button" onClick={remove}>
          {said.key.forget}
        </button>
      </p>
    </section>
  )
}

function NewKey({ made }: { made: (key: BrowserKey, file: string | undefined) => void }): JSX.Element {
  const { said } = useDepositing()
  const [error, setError] = useState<unknown>()
  const [hint, setHint] = useState<string>()
  const [isAble, setAble] = useState(true)
  useEffect(() => void canMakeKeys().then(setAble), [])
  const act = (event: Event, take: (form: FormData, id: string) => Promise<void>): void => {
    event.preventDefault()
    const form = new FormData(event.target as HTMLFormElement)
    const id = textIn(form, 'id') || randomId()
    setError(undefined)
    setHint(idPattern.test(id) ? undefined : said.key.badId)
    if (idPattern.test(id)) take(form, id).catch(setError)
  }
  const make = async (form: FormData, id: string): Promise<void> => {
    const passphrase = passphraseIn(form)
    if (passphrase !== '' && Array.from(passphrase).length < leastPassphrase) return setHint(said.key.weakPassphrase)
    const { key, file } = await makeKey(id, passphrase)
    const kept = await keepKey(key)
    made(kept, kept.jwk.x === key.jwk.x ? file : undefined)
  }
  const take = async (form: FormData, id: string): Promise<void> => {
    const file = form.get('file') as File
    if (file.size > mostKeyFile) throw new EvidenceError('key-file-malformed', 'the file is larger than any key file')
    made(await keepKey(await importKey(id, await file.text(), passphraseIn(form))), undefined)
  }
  return (
    <section class="own-key">
      <h2>{said.key.title}</h2>
      <p>{said.key.none}</p>
      {isAble ? '' : <p role="alert">{said.key.unsupported}</p>}
      {hint === undefined ? '' : <p role="alert">{hint}</p>}
      {error === undefined ? '' : <Trouble error={error} />}
      <form class="make-key" onSubmit={(event) => act(event, make)}>
        <h3>{said.key.make}</h3>
        <label>
          {said.key.id} <IdField place={draftPlaces.make} />
        </label>
        <label>
          {said.key.passphrase} <input name="passphrase" type="password" autocomplete="new-password" />
        </label>
        <small>{said.key.noCopy}</small>
        <button type="submit">{said.key.make}</button>
      </form>
      <form class="import-key" onSubmit={(event) => act(event, take)}>
        <h3>{said.key.import}</h3>
        <label>
          {said.key.id} <IdField place={draftPlaces.import} />
        </label>
        <label>
          {said.key.file} <input name="file" type="file" required />
        </label>
        <label>
          {said.key.filePassphrase} <input name="passphrase" type="password" autocomplete="off" />
        </label>
        <button type="submit">{said.key.use}</button>
      </form>
    </section>
  )
}

/** The field for an id; what is typed in it is kept. */
function IdField({ place }: { place: string }): JSX.Element {
  return (
    <input
      name="id"
      autocomplete="off"
      spellcheck={false}
      defaultValue={draftOf(place) ?? ''}
      onInput={(event) => keepDraft(place, event.currentTarget.value)}
    />
  )
}
