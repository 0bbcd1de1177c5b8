import { type JSX, render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { LedgerClient, type LedgerInfo } from '../../src/client/ledger-client.ts'
import { deposit as depositEn } from '../../src/words/en/deposit.ts'
import { inLanguage, type Words } from '../../src/words/index.ts'
import { deposit as depositZh } from '../../src/words/zh/deposit.ts'
import { frame } from '../ui/chrome.ts'
import { el } from '../ui/dom.ts'
import { navigation } from '../ui/nav.ts'
import { keepsNothing, whenChangedElsewhere, whenKeepingFails } from '../ui/store.ts'
import { workers } from '../ui/worker.ts'
import { Admission } from './admission.tsx'
import { DepositContext } from './context.ts'
import { type BrowserKey, ownKey } from '../ui/key.ts'
import { NewDeposit } from './new-deposit.tsx'
import { OwnKey } from './own-key.tsx'
import { Receipts } from './receipts.tsx'
import { Trouble } from './trouble.tsx'

const client = new LedgerClient(location.origin, undefined, { retries: 2, timeoutMs: 30_000 })
const { href: url } = new URL('hash-worker.js', import.meta.url)
const hashScript = { url, makeWorker: workers(url) }

function DepositPage({ words, said }: { words: Words; said: typeof depositEn }): JSX.Element {
  const [ledger, setLedger] = useState<LedgerInfo>()
  const [own, setOwn] = useState<BrowserKey>()
  const [isAdmitted, setAdmitted] = useState(false)
  const [turn, setTurn] = useState(0)
  const [error, setError] = useState<unknown>()
  const [isKept, setKept] = useState(!keepsNothing())
  useEffect(() => whenKeepingFails(() => setKept(false)), [])
  const [entered, setEntered] = useState<ReadonlySet<string>>(new Set())
  const askLedger = (): void => {
    client.ledger().then((found) => (setLedger(found), setError(undefined)), setError)
  }
  useEffect(() => {
    const load = (): void => void ownKey().then(setOwn, setError)
    askLedger()
    load()
    return whenChangedElsewhere('keys', load)
  }, [])
  return (
    <DepositContext.Provider value={{ client, ledger, hashScript, words, said }}>
      <h1>{said.title}</h1>
      <p>{said.intro}</p>
      {isKept ? (
        ''
      ) : (
        <p role="alert" class="not-kept">
          {words.page.noStorage}
        </p>
      )}
      {error === undefined ? '' : <Trouble error={error} />}
      <OwnKey own={own} changed={setOwn} />
      {own === undefined ? (
        ''
      ) : (
        <Admission own={own} told={setAdmitted} asked={() => ledger ?? askLedger()} key={own.jwk.x} />
      )}
      {own === undefined ? (
        ''
      ) : (
        <NewDeposit own={own} isAdmitted={isAdmitted} entered={entered} done={() => setTurn((last) => last + 1)} />
      )}
      <Receipts turn={turn} entered={setEntered} />
    </DepositContext.Provider>
  )
}

// One root for all languages: what was chosen and typed stays.
const root = el('div', { class: 'deposit' })
frame((words, language) => {
  render(<DepositPage words={words} said={inLanguage(language, depositEn, depositZh)} />, root)
  return root
}, navigation('deposit'))
