import { type JSX, render } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { explorer as explorerEn } from '../../src/words/en/explorer.ts'
import { inLanguage, type Language, type Words } from '../../src/words/index.ts'
import { explorer as explorerZh } from '../../src/words/zh/explorer.ts'
import { type DroppedFile, pageHashing } from '../check/hashing.ts'
import { frame } from '../ui/chrome.ts'
import { el } from '../ui/dom.ts'
import { tokensOf } from '../ui/key.ts'
import { navigation } from '../ui/nav.ts'
import { workers } from '../ui/worker.ts'
import { ExplorerContext, useExplorer } from './context.ts'
import { Newest } from './entries.tsx'
import { Entry } from './entry.tsx'
import { useLoaded } from './load.ts'
import { Ledger } from './ledger.tsx'
import { Link } from './parts.tsx'
import { Participant, Participants } from './participants.tsx'
import { Shown } from './refused.tsx'
import { ReaderBar, useReader } from './reader.tsx'
import { useRoute } from './route.ts'
import { Search } from './search.tsx'

const client = new LedgerClient(location.origin, undefined, { retries: 1, timeoutMs: 20_000 })
const { href: url } = new URL('hash-worker.js', import.meta.url)
const hashScript = { url, makeWorker: workers(url) }

const hashing = pageHashing(hashScript, new AbortController().signal)

/** The SHA-256 of a file, in lower-case hex; its bytes stay here. */
async function digestOf(file: DroppedFile): Promise<string> {
  return (await hashing.digests(file, ['sha256'])).digest.sha256 as string
}

/** The explorer in one language; asks as nobody until the reader says otherwise. */
function ExplorerPage({
  words,
  said,
  language,
}: {
  words: Words
  said: typeof explorerEn
  language: Language
}): JSX.Element {
  const { key, isHere, reader } = useReader()
  const asking = useMemo(
    () => (reader.isReading && key !== undefined ? client.as(tokensOf(key)) : client),
    [reader.isReading, key],
  )
  // Not before it is known who reads: else all is asked twice, once without the right.
  if (!isHere) return <p role="status">{said.loading} …</p>
  return (
    <ExplorerContext.Provider value={{ client: asking, reader, key, language, words, said }}>
      <Explorer />
    </ExplorerContext.Provider>
  )
}

function Explorer(): JSX.Element {
  const { said, words } = useExplorer()
  const route = useRoute()
  const [path = '/', query = ''] = route.split('?')
  const last = useRef(path)
  useEffect(() => {
    const heading = document.querySelector<HTMLElement>('.explorer h1')
    document.title = `${heading?.textContent ?? said.title} · ${words.page.title}`
    if (last.current === path) return
    last.current = path
    // What was pressed is gone with its place: reading goes on at the new one's heading.
    heading?.setAttribute('tabindex', '-1')
    heading?.focus()
  }, [path, said])
  return (
    <div class="explorer">
      <nav aria-label={said.title} class="inner">
        <Link to="/" current={path === '/'}>
          {said.nav.newest}
        </Link>{' '}
        <Link to="/search" current={path === '/search'}>
          {said.nav.search}
        </Link>{' '}
        <Link to="/case" current={path === '/case'}>
          {said.nav.cases}
        </Link>{' '}
        <Link to="/participants" current={path === '/participants'}>
          {said.nav.participants}
        </Link>{' '}
        <Link to="/ledger" current={path === '/ledger'}>
          {said.nav.ledger}
        </Link>
      </nav>
      <ReaderBar />
      <Place path={path} query={query} />
    </div>
  )
}

function Place({ path, query }: { path: string; query: string }): JSX.Element {
  const number = /^\/(entry|before)\/([0-9]{1,16})$/.exec(path)
  if (number?.[1] === 'entry') return <Entry index={Number(number[2])} />
  if (number?.[1] === 'before') return <Newest before={Number(number[2])} />
  const participant = /^\/participant\/(.+)$/.exec(path)
  if (participant !== null) return <Participant id={decoded(participant[1] as string).slice(0, 200)} />
  if (path === '/participants') return <Participants />
  if (path === '/ledger') return <Ledger />
  if (/^\/(?:case|exhibit|take-over)(?:\/|$)/.test(path)) return <Cases path={path} query={query} />
  if (path === '/search') return <Search query={new URLSearchParams(query)} digestOf={digestOf} />
  return <Newest before={undefined} />
}

type CasePlace = typeof import('../case/main.tsx').CasePlace

/** The pages of cases, which are loaded when one is asked for. */
function Cases({ path, query }: { path: string; query: string }): JSX.Element {
  const { value: Page, ...loading } = useLoaded<{ readonly CasePlace: CasePlace }>('', () => import('../case/main.tsx'))
  if (Page === undefined) return <Shown loaded={loading}>{() => ''}</Shown>
  return <Page.CasePlace path={path} query={new URLSearchParams(query)} hashing={hashing} />
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

// One root for all languages: place, reader and what was typed stay.
const root = el('div')
frame((words, language) => {
  render(<ExplorerPage words={words} said={inLanguage(language, explorerEn, explorerZh)} language={language} />, root)
  return root
}, navigation('explore'))
