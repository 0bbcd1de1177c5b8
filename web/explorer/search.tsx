import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { EvidenceError } from '../../src/core/errors.ts'
import { defined } from '../../src/core/objects.ts'
import { count } from '../../src/core/text.ts'
import { kinds } from '../../src/statements/kinds.ts'
import { TooManyFiles } from '../check/drop.ts'
import type { DroppedFile } from '../check/hashing.ts'
import { afterIn, askedIn, filledIn } from '../ui/form.ts'
import { useExplorer } from './context.ts'
import { useDropped } from './dropping.ts'
import { EntryTable } from './entries.tsx'
import { refusalOf, useLoaded } from './load.ts'
import { Hash, Link } from './parts.tsx'
import { Refused, Shown } from './refused.tsx'
import { go } from './route.ts'

const members = ['digest', 'case', 'exhibit', 'participant', 'kind'] as const
const perPage = 100

/** A digest as people write it: in groups, in capitals, without the name of its algorithm. */
function digestOfText(text: string): string {
  const plain = text.replace(/\s/g, '').toLowerCase()
  return /^[0-9a-f]{64}$/.test(plain) ? `sha256:${plain}` : plain
}

/** What of a search the page of a case asks for. */
function caseQuery({ case: number, exhibit }: Partial<Record<(typeof members)[number], string>>): string {
  return new URLSearchParams(defined({ case: number, exhibit })).toString()
}

/** Search by a file's digest, a digest, a case, an exhibit, a participant or a kind; what is asked stands in the address. */
export function Search({
  query,
  digestOf,
}: {
  query: URLSearchParams
  digestOf: (file: DroppedFile) => Promise<string>
}): JSX.Element {
  const { client, said } = useExplorer()
  const { search } = said
  const [isHashing, setHashing] = useState(false)
  const [trouble, setTrouble] = useState<EvidenceError | 'many'>()
  const asked = askedIn(query, members, 1000)
  const key = new URLSearchParams(asked).toString()
  const after = afterIn(query)
  const loaded = useLoaded(`search ${key} ${after.after}`, async () =>
    key === '' ? { entries: [], next: null } : client.find({ ...asked, ...after, limit: String(perPage) }),
  )
  const submit = (event: Event): void => {
    const plain = (name: string, text: string): string => (name === 'digest' ? digestOfText(text) : text)
    go(`/search?${filledIn(event, members, plain)}`)
  }
  const take = async (given: Promise<readonly DroppedFile[]>): Promise<void> => {
    setTrouble(undefined)
    setHashing(true)
    try {
      const [file, ...others] = await given
      if (others.length > 0) return setTrouble('many')
      if (file !== undefined) go(`/search?${new URLSearchParams({ digest: `sha256:${await digestOf(file)}` })}`)
    } catch (error) {
      setTrouble(error instanceof TooManyFiles ? 'many' : refusalOf(error))
    } finally {
      setHashing(false)
    }
  }
  const choose = useDropped((given) => void take(given))
  return (
    <section>
      <h1>{search.title}</h1>
      <p class="choose">
        <label class="button">
          {search.chooseFile}
          <input type="file" id="search-file" onChange={choose} />
        </label>{' '}
        <small>{search.byFile}</small> {isHashing ? <span role="status">{search.hashing} …</span> : ''}
      </p>
      {trouble === 'many' ? <p role="alert">{search.oneFile}</p> : ''}
      {trouble === undefined || trouble === 'many' ? (
        ''
      ) : (
        <Refused refusal={trouble} again={() => setTrouble(undefined)} />
      )}
      <form onSubmit={submit} class="search" key={key}>
        {members.map((name) =>
          name === 'kind' ? (
            <label>
              {search.kind}
              <select name="kind">
                <option value="">{search.any}</option>
                {kinds.map((kind) => (
                  <option selected={asked.kind === kind}>{kind}</option>
                ))}
              </select>
            </label>
          ) : (
            <label>
              {search[name]}
              <input
                name={name}
                defaultValue={asked[name] ?? ''}
                maxLength={1000}
                autocomplete="off"
                spellcheck={false}
              />
            </label>
          ),
        )}
        <button type="submit">{search.go}</button>
        <p>
          <small>{search.needs}</small>
        </p>
      </form>
      {key === '' ? (
        ''
      ) : (
        <Shown loaded={loaded}>
          {({ entries, next }) => (
            <>
              {asked.digest === undefined ? (
                ''
              ) : (
                <p class="sent">
                  {search.sent} <Hash text={asked.digest} />
                </p>
              )}
              <p class="found" aria-live="polite">
                {search.found(count(entries.length))} {next === null ? '' : search.andMore}
              </p>
              {asked.case === undefined && asked.exhibit === undefined ? (
                ''
              ) : (
                <p class="as-case">
                  <Link to={`/case?${caseQuery(asked)}`}>{search.asCase}</Link>
                </p>
              )}
              <EntryTable entries={entries} />
              {next === null ? (
                ''
              ) : (
                <p class="pages">
                  <Link to={`/search?${new URLSearchParams({ ...asked, after: String(next) })}`}>{said.more}</Link>
                </p>
              )}
            </>
          )}
        </Shown>
      )}
    </section>
  )
}
