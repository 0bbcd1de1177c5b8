import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { kinds } from '../../src/statements/kinds.ts'
import { textIn } from '../ui/form.ts'
import { useExplorer } from './context.ts'
import { EntryTable } from './entries.tsx'
import { useLoaded } from './load.ts'
import { Shown } from './parts.tsx'
import { go } from './route.ts'

const members = ['digest', 'case', 'exhibit', 'participant', 'kind'] as const

/** Search by a file's digest, a digest, a case, an exhibit, a participant or a kind; what is asked stands in the address. */
export function Search({
  query,
  digestOf,
}: {
  query: URLSearchParams
  digestOf: (file: File) => Promise<string>
}): JSX.Element {
  const { client, said } = useExplorer()
  const { search } = said
  const [isHashing, setHashing] = useState(false)
  const asked = Object.fromEntries(
    members.flatMap((name) => (query.get(name) ? [[name, query.get(name) as string]] : [])),
  )
  const key = new URLSearchParams(asked).toString()
  const loaded = useLoaded(`search ${key}`, async () =>
    key === '' ? undefined : client.find({ ...asked, limit: '200' }),
  )
  const submit = (event: Event): void => {
    event.preventDefault()
    const form = new FormData(event.target as HTMLFormElement)
    const filled = members.flatMap((name) => {
      const value = textIn(form, name)
      return value === '' ? [] : [[name, value] as [string, string]]
    })
    go(`/search?${new URLSearchParams(filled)}`)
  }
  const chosen = async (event: Event): Promise<void> => {
    const [file] = Array.from((event.target as HTMLInputElement).files ?? [])
    if (file === undefined) return
    setHashing(true)
    const digest = await digestOf(file).finally(() => setHashing(false))
    go(`/search?${new URLSearchParams({ digest: `sha256:${digest}` })}`)
  }
  return (
    <section>
      <h1>{search.title}</h1>
      <p>
        <label class="button">
          {search.chooseFile}
          <input type="file" id="search-file" onChange={(event) => void chosen(event)} />
        </label>{' '}
        <small>{search.byFile}</small> {isHashing ? '…' : ''}
      </p>
      <form onSubmit={submit} class="search" key={key}>
        {members.map((name) =>
          name === 'kind' ? (
            <label>
              {search.kind}
              <select name="kind">
                <option value="">{search.any}</option>
                {kinds.map((kind) => (
                  <option selected={query.get('kind') === kind}>{kind}</option>
                ))}
              </select>
            </label>
          ) : (
            <label>
              {search[name]}
              <input name={name} value={query.get(name) ?? ''} autocomplete="off" spellcheck={false} />
            </label>
          ),
        )}
        <button type="submit">{search.go}</button>
        <p>
          <small>{search.needs}</small>
        </p>
      </form>
      {key === '' ? '' : <Shown loaded={loaded}>{(page) => <EntryTable entries={page?.entries ?? []} />}</Shown>}
    </section>
  )
}
