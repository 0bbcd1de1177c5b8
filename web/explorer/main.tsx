import '../ui/zod.ts'
import { type JSX, render } from 'preact'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { explorer as explorerEn } from '../../src/words/en/explorer.ts'
import { inLanguage } from '../../src/words/index.ts'
import { explorer as explorerZh } from '../../src/words/zh/explorer.ts'
import { droppedFile, pageHashing } from '../check/hashing.ts'
import { frame } from '../ui/chrome.ts'
import { el } from '../ui/dom.ts'
import { navigation } from '../ui/nav.ts'
import { workers } from '../ui/worker.ts'
import { ExplorerContext, useExplorer } from './context.ts'
import { Newest } from './entries.tsx'
import { Entry } from './entry.tsx'
import { Ledger } from './ledger.tsx'
import { Link } from './parts.tsx'
import { Participant, Participants } from './participants.tsx'
import { useRoute } from './route.ts'
import { Search } from './search.tsx'

const client = new LedgerClient(location.origin, undefined, { retries: 1, timeoutMs: 20_000 })
const { href: url } = new URL('hash-worker.js', import.meta.url)
const hashScript = { url, makeWorker: workers(url) }

/** The SHA-256 of a file, in lower-case hex; its bytes stay here. */
async function digestOf(file: File): Promise<string> {
  const hashing = pageHashing(hashScript, new AbortController().signal)
  return (await hashing.digests(droppedFile(file.name, file), ['sha256'])).digest.sha256 as string
}

function Explorer(): JSX.Element {
  const { said } = useExplorer()
  const route = useRoute()
  const [path = '/', query = ''] = route.split('?')
  return (
    <div class="explorer">
      <nav aria-label={said.title} class="inner">
        <Link to="/" current={path === '/'}>
          {said.nav.newest}
        </Link>{' '}
        <Link to="/search" current={path === '/search'}>
          {said.nav.search}
        </Link>{' '}
        <Link to="/participants" current={path === '/participants'}>
          {said.nav.participants}
        </Link>{' '}
        <Link to="/ledger" current={path === '/ledger'}>
          {said.nav.ledger}
        </Link>
      </nav>
      <Place path={path} query={query} />
    </div>
  )
}

function Place({ path, query }: { path: string; query: string }): JSX.Element {
  const number = /^\/(entry|before)\/([0-9]{1,16})$/.exec(path)
  if (number?.[1] === 'entry') return <Entry index={Number(number[2])} />
  if (number?.[1] === 'before') return <Newest before={Number(number[2])} />
  const participant = /^\/participant\/(.+)$/.exec(path)
  if (participant !== null) return <Participant id={decoded(participant[1] as string)} />
  if (path === '/participants') return <Participants />
  if (path === '/ledger') return <Ledger />
  if (path === '/search') return <Search query={new URLSearchParams(query)} digestOf={digestOf} />
  return <Newest before={undefined} />
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

frame((words, language) => {
  const root = el('div')
  const said = inLanguage(language, explorerEn, explorerZh)
  render(
    <ExplorerContext.Provider value={{ client, words, said }}>
      <Explorer />
    </ExplorerContext.Provider>,
    root,
  )
  return root
}, navigation('explore'))
