import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { toHex } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { sha256 } from '../../src/core/hash.ts'
import { count, visible } from '../../src/core/text.ts'
import { chosen, mostFiles, TooManyFiles } from '../check/drop.ts'
import { type DroppedFile, pageHashing } from '../check/hashing.ts'
import { draftOf, forgetDraft, keepDraft } from '../ui/draft.ts'
import type { BrowserKey } from '../ui/key.ts'
import { sizeText } from '../ui/text.ts'
import { type Depositing, useDepositing } from './context.ts'
import { fieldsOf } from './fields.ts'
import { type KeptReceipt, pending, type PendingDeposit, send, waitingFor } from './send.ts'
import { contentOf, type DepositForm, type HashedFile, signDeposit } from './statement.ts'
import { Trouble } from './trouble.tsx'

const draftPlace = 'evidence-draft'
const mostItems = 64
const emptyForm: DepositForm = { category: '', caseNumber: '', authority: '', stage: '', note: '', collection: {} }

/** What was typed, under a name of its own: the same words typed again for another deposit are another draft. */
interface Draft {
  readonly id: string
  readonly form: DepositForm
}

function newDraft(): Draft {
  return { id: crypto.randomUUID(), form: emptyForm }
}

function draft(): Draft {
  const made = newDraft()
  try {
    const { id = made.id, form = {} } = JSON.parse(draftOf(draftPlace) ?? '{}') as Partial<Draft>
    return { id, form: { ...emptyForm, ...form } }
  } catch {
    return made
  }
}

/** Chooses files, says how they came about, signs and sends. */
export function NewDeposit({
  own,
  isAdmitted,
  entered,
  done,
}: {
  own: BrowserKey
  isAdmitted: boolean
  /** Drafts of deposits that have their receipt, whichever window sent them. */
  entered: ReadonlySet<string>
  done: () => void
}): JSX.Element {
  const { ledger, hashScript, said, words } = useDepositing()
  const [files, setFiles] = useState<readonly DroppedFile[]>([])
  const [typed, setTyped] = useState<Draft>(draft)
  const { form } = typed
  const [progress, setProgress] = useState<string>()
  const [trouble, setTrouble] = useState<{ error: unknown; lead?: string }>()
  const [receipt, setReceipt] = useState<KeptReceipt>()
  const [isTooMany, setTooMany] = useState(false)
  const folder = folderOf(files)
  const change = (next: DepositForm): void => {
    const changed = { ...typed, form: next }
    setTyped(changed)
    keepDraft(draftPlace, JSON.stringify(changed))
  }
  const clear = (): void => {
    forgetDraft(draftPlace)
    setTyped(newDraft())
    setFiles([])
  }
  // What was typed has been deposited: left here, it would be deposited once more.
  useEffect(() => {
    if (entered.has(JSON.stringify(typed))) clear()
  }, [entered])
  const choose = (event: Event): void => {
    const field = event.target as HTMLInputElement
    const given = Array.from(field.files ?? [])
    field.value = ''
    setReceipt(undefined)
    setTrouble(undefined)
    try {
      setFiles(chosen(given))
      setTooMany(false)
    } catch (error) {
      if (!(error instanceof TooManyFiles)) throw error
      setTooMany(true)
    }
  }
  const deposit = async (sending: () => void): Promise<void> => {
    const hashed: HashedFile[] = []
    const hashing = pageHashing(hashScript, new AbortController().signal)
    for (const file of files) {
      const told = (bytes: number): void =>
        setProgress(
          `${said.send.hashing} ${visible(file.path)}: ${words.page.progress(sizeText(bytes), sizeText(file.size))}`,
        )
      told(0)
      const { size, digest } = await hashing.digests(file, ['sha256'], told)
      hashed.push({ path: file.path, size, sha256: digest.sha256 as string, mediaType: plainType(file.blob.type) })
    }
    const origin = ledger?.origin ?? ''
    const of = toHex(sha256(utf8(JSON.stringify([origin, own.id, own.jwk.x, folder, hashed, form]))))
    const waiting = (await waitingFor(of)) ?? (await signed(hashed, origin, of))
    sending()
    setProgress(said.send.sending)
    setReceipt(await send(waiting, (waitMs) => setProgress(said.send.wait(count(Math.ceil(waitMs / 1000))))))
    clear()
  }
  const signed = async (hashed: readonly HashedFile[], origin: string, of: string): Promise<PendingDeposit> => {
    const content = contentOf(hashed, folder, form.category)
    const { presentation } = await signDeposit(own, origin, content, form)
    const names = files.map(({ path }) => path)
    const waiting: PendingDeposit = {
      id: crypto.randomUUID(),
      origin,
      presentation,
      title: folder ?? names.join(', '),
      name: folder ?? (names.length === 1 ? names[0] : undefined),
      manifest: content.manifest,
      signedAt: Date.now(),
      of,
      draft: JSON.stringify(typed),
    }
    await pending.put(waiting.id, waiting)
    return waiting
  }
  const submit = (event: Event): void => {
    event.preventDefault()
    setTrouble(undefined)
    setReceipt(undefined)
    let isSending = false
    deposit(() => (isSending = true))
      .catch((error: unknown) => {
        setTrouble(isSending ? { error, lead: leadOf(error, said) } : { error })
      })
      .finally(() => {
        setProgress(undefined)
        done()
      })
  }
  // A name that is no UTF-8 reaches the page with other characters: the manifest would not be that of the folder.
  const badName = folder === undefined ? undefined : files.find(({ path }) => path.includes('\ufffd'))?.path
  const isReady =
    isAdmitted &&
    badName === undefined &&
    files.length > 0 &&
    (folder !== undefined || files.length <= mostItems) &&
    progress === undefined
  return (
    <form class="new-deposit" onSubmit={submit}>
      <h2>{said.files.title}</h2>
      <p class="choose">
        <label class="button">
          {said.files.choose}
          <input type="file" multiple id="deposit-files" onChange={choose} />
        </label>{' '}
        <label class="button">
          {said.files.chooseFolder}
          <input
            type="file"
            id="deposit-folder"
            ref={(field) => field?.setAttribute('webkitdirectory', '')}
            onChange={choose}
          />
        </label>
      </p>
      {folder === undefined ? (
        <ul>
          {files.slice(0, mostItems).map(({ path, size }) => (
            <li>
              <bdi dir="auto">{visible(path)}</bdi> {words.check.facts.bytes(sizeText(size))}
            </li>
          ))}
        </ul>
      ) : (
        <p>{said.files.folder(visible(folder), count(files.length))}</p>
      )}
      {badName === undefined ? '' : <p role="alert">{said.files.badName(visible(badName))}</p>}
      {isTooMany ? <p role="alert">{words.page.tooMany(sizeText(mostFiles))}</p> : ''}
      {folder === undefined && files.length > mostItems ? <p role="alert">{said.files.most}</p> : ''}
      <FormFields form={form} change={change} />
      <p>
        <button type="submit" disabled={!isReady} id="deposit-now">
          {said.send.button}
        </button>{' '}
        {progress === undefined ? '' : <span role="status">{progress}</span>}
      </p>
      {isAdmitted ? '' : <small class="needs">{said.send.needs}</small>}
      {trouble === undefined ? '' : <Trouble {...trouble} />}
      {receipt === undefined ? (
        ''
      ) : (
        <p role="status" class="deposited" data-index={receipt.index}>
          {said.send.done} {count(receipt.index)}
        </p>
      )}
    </form>
  )
}

function FormFields({ form, change }: { form: DepositForm; change: (form: DepositForm) => void }): JSX.Element {
  const { said } = useDepositing()
  const words = said.form
  const text = (name: 'caseNumber' | 'authority' | 'stage' | 'note'): JSX.Element => (
    <label>
      {words[name]}{' '}
      <input
        name={name}
        value={form[name]}
        onInput={(event) => change({ ...form, [name]: event.currentTarget.value })}
      />
    </label>
  )
  return (
    <fieldset>
      <legend>{words.title}</legend>
      <label>
        {words.category}{' '}
        <select
          name="category"
          value={form.category}
          onChange={(event) => change({ ...form, category: event.currentTarget.value })}
        >
          <option value="">{words.none}</option>
          {Object.entries(words.categories).map(([code, name]) => (
            <option value={code}>{name}</option>
          ))}
        </select>
      </label>
      {text('caseNumber')}
      {text('authority')}
      {text('stage')}
      {fieldsOf(form.category).map((name) => (
        <label key={name}>
          {words.fields[name]}{' '}
          <input
            name={name}
            value={form.collection[name] ?? ''}
            onInput={(event) =>
              change({ ...form, collection: { ...form.collection, [name]: event.currentTarget.value } })
            }
          />
        </label>
      ))}
      {text('note')}
      <small>{words.draft}</small>
    </fieldset>
  )
}

/** Whether the ledger judged what it was sent, was busy, or away. */
function leadOf(error: unknown, { send: said }: Depositing['said']): string {
  if (!isEvidenceError(error) || error.code === 'server-unreachable' || error.code === 'server-answer')
    return said.later
  const { status } = error.kind
  return status === 429 || status >= 500 ? said.busy : said.refused
}

/** The folder that all chosen files lie in; undefined where they were chosen one by one. */
function folderOf(files: readonly DroppedFile[]): string | undefined {
  const [first] = files
  if (first === undefined || !first.path.includes('/')) return undefined
  return first.path.slice(0, first.path.indexOf('/'))
}

/** A media type without parameters, as a statement takes it. */
function plainType(type: string): string {
  const plain = type.split(';')[0]?.trim() ?? ''
  return /^[A-Za-z0-9!#$&^_.+-]+\/[A-Za-z0-9!#$&^_.+-]+$/.test(plain) ? plain : ''
}
