import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type CliError,
  type CliResult,
  type CliServer,
  copyCase,
  evidence,
  evidenceOk,
  fewAtATime,
  startServer,
  unusedUrl,
} from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

const caseNumber = '(2026)沪0104刑初123号'

interface Outcome {
  readonly name: string
  readonly outcome: string
  readonly index: number
  readonly receipts: readonly string[]
  readonly manifest: string
  readonly skipped: readonly string[]
}
interface Finding {
  readonly code: string
  readonly message: string
  readonly expected?: string
  readonly found?: string
}
interface CheckDocument {
  readonly ok: boolean
  readonly index: number
  readonly claims: Readonly<Record<string, unknown>>
  readonly faults: readonly Finding[]
}
interface FolderDocument {
  readonly ok: boolean
  readonly files: readonly { readonly name: string; readonly state: string; readonly faults: readonly Finding[] }[]
  readonly faults: readonly Finding[]
  readonly unlisted: readonly string[]
}

/** Every file below a folder. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** Turns over one bit in the middle of a file. */
function alter(file: string): Buffer {
  const bytes = readFileSync(file)
  const changed = Buffer.from(bytes)
  const at = Math.floor(changed.length / 2)
  changed[at] = (changed[at] as number) ^ 1
  writeFileSync(file, changed)
  return bytes
}

describe('a case folder, from deposit to court', () => {
  const { path, remove } = temporaryFolder()
  const data = join(path, 'data')
  const folder = join(path, 'case-001')
  const proofs = join(path, 'handed over')
  let server: CliServer
  let deposited: CliResult
  let files: string[]
  const run = (args: readonly string[]): Promise<CliResult> => evidence([...args, '--data', data])

  beforeAll(async () => {
    copyCase(folder)
    files = filesBelow(folder)
    server = await startServer(data)
    deposited = await run(['deposit', folder, '--case', caseNumber, '--url', server.url, '--json'])
  })
  afterAll(async () => {
    await server.stop()
    remove()
  })

  it('starts with a server that says where to go on', () => {
    expect(files).toHaveLength(9)
    const output = server.output()
    expect(output).toContain('made a trial ledger')
    expect(output).toContain(`listening on ${server.url}`)
    expect(output).toContain(`--url ${server.url} --data ${data}`)
  })

  it('is deposited as one statement, with a manifest and a receipt beside the folder', async () => {
    expect(deposited.code).toBe(0)
    const [outcome, ...others] = deposited.json<{ deposits: Outcome[] }>().deposits
    expect(others).toEqual([])
    expect(outcome).toMatchObject({
      outcome: 'deposited',
      index: 2,
      manifest: `${folder}.evidence-manifest`,
      receipts: [`${folder}.tlog-proof`],
      skipped: [],
    })
    const manifest = readFileSync(`${folder}.evidence-manifest`, 'utf8')
    expect(manifest.split('\n').map((line) => line.slice(66))).toEqual([
      ...files.map((file) => relative(folder, file)),
      '',
    ])
    expect(readdirSync(path).sort()).toEqual(['case-001', 'case-001.evidence-manifest', 'case-001.tlog-proof', 'data'])
    expect(filesBelow(folder)).toEqual(files)
    const entry = (await server.request('/v1/entries/2')).json<{ sealed: number; claims: object; payload: object }>()
    expect(entry).toMatchObject({ sealed: 2, claims: {} })
    const text = JSON.stringify(entry)
    for (const secret of [caseNumber, 'case-001', 'counter.jpg']) expect(text).not.toContain(secret)
  })

  it('is found by its case number, by those who may', async () => {
    const found = await run(['find', '--case', '（2026）沪0104刑初123号', '--url', server.url, '--json'])
    expect(found.json<{ entries: { index: number }[] }>().entries.map(({ index }) => index)).toEqual([2])
    const query = new URLSearchParams({ case: caseNumber }).toString()
    expect((await server.request(`/v1/entries?${query}`)).status).toBe(401)
  })

  it('is deposited again as what is there', async () => {
    const again = await run(['deposit', folder, '--case', caseNumber, '--url', server.url, '--json'])
    expect(again.code).toBe(0)
    expect(again.json<{ deposits: Outcome[] }>().deposits).toMatchObject([{ outcome: 'existing', index: 2 }])
    expect((await server.request('/v1/ledger')).json()).toMatchObject({ size: 3 })
  })

  it('is checked file by file, offline', async () => {
    const nobody = await unusedUrl()
    const results = await fewAtATime(files, (file) => run(['check', file, '--json']))
    for (const [i, result] of results.entries()) {
      const file = files[i] as string
      expect({ file, code: result.code }).toEqual({ file, code: 0 })
      const document = result.json<CheckDocument>()
      expect(document).toMatchObject({ ok: true, index: 2, faults: [], claims: { case: [{ number: caseNumber }] } })
    }
    const offline = await evidence(['check', files[0] as string, '--policy', join(data, 'policy')], {
      env: { EVIDENCE_URL: nobody, EVIDENCE_DATA: path },
    })
    expect(offline.code).toBe(0)
    expect(offline.stdout).toContain('unchanged since deposit, signed by this key, at this time by this ledger’s clock')
    expect(offline.stdout).toContain('as of size 3; later events not checked')
    expect(offline.stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^no fault found: unchanged since .*, deposited by depositor$/,
    )
    expect(offline.stderr).toBe('')
  })

  it('shows a change of one bit in any of its files, and says no more than that', async () => {
    const before = files.map(alter)
    try {
      const results = await fewAtATime(files, (file) => run(['check', file, '--json']))
      for (const [i, result] of results.entries()) {
        const file = files[i] as string
        expect({ file, code: result.code }).toEqual({ file, code: 1 })
        const { ok, faults } = result.json<CheckDocument>()
        expect(ok).toBe(false)
        expect(faults.map(({ code }) => code)).toEqual(['file-differs'])
        const [fault] = faults
        expect(fault?.expected).toMatch(/^[0-9a-f]{64}$/)
        expect(fault?.found).toMatch(/^[0-9a-f]{64}$/)
        expect(fault?.expected).not.toBe(fault?.found)
        expect(fault?.message).toContain('this does not say which is genuine')
      }
      const whole = await run(['check', folder, '--json'])
      expect(whole.code).toBe(1)
      const names = whole.json<FolderDocument>().files.map((file) => [file.name, file.faults.map(({ code }) => code)])
      expect(names).toEqual(files.map((file) => [relative(folder, file), ['file-differs']]))
      const text = await run(['check', files[0] as string])
      expect(text.code).toBe(1)
      expect(text.stdout).toContain('FAULT file-differs')
      expect(text.stdout).not.toMatch(/tampered|forged|fake/)
    } finally {
      files.forEach((file, i) => writeFileSync(file, before[i] as Buffer))
    }
    expect((await run(['check', folder])).code).toBe(0)
  })

  it('shows a byte more or less, and a file emptied', async () => {
    const file = files[0] as string
    const bytes = readFileSync(file)
    for (const changed of [
      bytes.subarray(1),
      bytes.subarray(0, -1),
      Buffer.concat([bytes, Buffer.from('\n')]),
      Buffer.alloc(0),
    ]) {
      writeFileSync(file, changed)
      const result = await run(['check', file, '--json'])
      expect(result.code).toBe(1)
      expect(result.json<CheckDocument>().faults.map(({ code }) => code)).toEqual(['file-differs'])
    }
    writeFileSync(file, bytes)
    expect((await run(['check', file])).code).toBe(0)
  })

  it('is checked as a whole: what is missing is a fault, what is new is said', async () => {
    const names = files.map((file) => relative(folder, file))
    const whole = await run(['check', folder, '--json'])
    expect(whole.code).toBe(0)
    const document = whole.json<FolderDocument>()
    expect(document).toMatchObject({ ok: true, unlisted: [], faults: [] })
    expect(document.files.map(({ name, state }) => [name, state])).toEqual(names.map((name) => [name, 'unchanged']))
    const away = join(path, 'away')
    renameSync(files[3] as string, away)
    writeFileSync(join(folder, 'new.txt'), 'came later')
    const changed = await run(['check', folder, '--json'])
    expect(changed.code).toBe(1)
    const { unlisted, faults, files: checked } = changed.json<FolderDocument>()
    expect(unlisted).toEqual(['new.txt'])
    expect(checked.filter(({ state }) => state !== 'unchanged').map(({ name, state }) => [name, state])).toEqual([
      [names[3], 'missing'],
    ])
    expect(faults.map(({ code }) => code)).toEqual(['file-not-in-deposit'])
    const text = await run(['check', folder])
    expect(text.stdout).toMatch(/^missing +\S/m)
    expect(text.stdout).toContain('not in the deposit: new.txt')
    expect((await run(['check', join(folder, 'new.txt')])).code).toBe(2)
    renameSync(away, files[3] as string)
    expect((await run(['check', folder])).code).toBe(0)
    rmSync(join(folder, 'new.txt'))
  })

  it('shows a changed manifest, whatever the files say', async () => {
    const manifest = `${folder}.evidence-manifest`
    const bytes = readFileSync(manifest)
    const file = files[0] as string
    const original = alter(file)
    const changed = await run(['check', file, '--json'])
    const { found } = changed.json<CheckDocument>().faults[0] as Finding
    // The manifest now lists the altered file; its own digest no longer is the one deposited.
    writeFileSync(manifest, bytes.toString('latin1').replace(/^[0-9a-f]{64}/, found as string), 'latin1')
    const result = await run(['check', file, '--json'])
    expect(result.code).toBe(1)
    expect(result.json<CheckDocument>().faults.map(({ code }) => code)).toContain('file-differs')
    writeFileSync(manifest, bytes)
    writeFileSync(file, original)
    expect((await run(['check', file])).code).toBe(0)
  })

  it('gives a proof of one file, which is checked without the manifest and the other names', async () => {
    mkdirSync(proofs)
    const results = await fewAtATime(files, async (file) => {
      const name = basename(file)
      const out = join(proofs, `${name}.file-proof`)
      const proved = await run(['prove', file, '--out', out, '--json'])
      cpSync(file, join(proofs, name))
      const checked = await run(['check', join(proofs, name), '--json'])
      return { name, proved, checked, proof: readFileSync(out, 'latin1') }
    })
    for (const { name, proved, checked, proof } of results) {
      expect({ name, codes: [proved.code, checked.code] }).toEqual({ name, codes: [0, 0] })
      expect(proved.json()).toMatchObject({ of: 9 })
      expect(checked.json<CheckDocument>()).toMatchObject({ ok: true, index: 2 })
      const listed = files.filter((file) => proof.includes(Buffer.from(relative(folder, file)).toString('latin1')))
      expect(listed.map((file) => basename(file))).toEqual([name])
    }
  })

  it('shows by that proof a change in the file, another file, and a change in the proof', async () => {
    const [first, second] = files.map((file) => join(proofs, basename(file))) as [string, string]
    const bytes = alter(first)
    const altered = await run(['check', first, '--json'])
    expect(altered.code).toBe(1)
    expect(altered.json<CheckDocument>().faults.map(({ code }) => code)).toEqual(['file-differs'])
    writeFileSync(first, bytes)
    const other = await run(['check', second, '--receipt', `${first}.file-proof`, '--json'])
    expect(other.code).toBe(1)
    expect(other.json<CheckDocument>().faults.map(({ code }) => code)).toEqual(['file-differs'])
    const proof = readFileSync(`${first}.file-proof`, 'latin1')
    const lines = proof.split('\n')
    const swapped = [...lines]
    ;[swapped[4], swapped[5]] = [lines[5] as string, lines[4] as string]
    for (const forged of [
      swapped.join('\n'),
      proof.replace(/\n0\n/, '\n1\n'),
      // The line of the altered file, so that the file agrees with it and the path does not.
      proof.replace(/[0-9a-f]{64} {2}/, `${'0'.repeat(64)}  `),
    ]) {
      expect(forged).not.toBe(proof)
      writeFileSync(`${first}.file-proof`, forged, 'latin1')
      const result = await run(['check', first, '--json'])
      expect(result.code).toBe(1)
      expect(result.json<CheckDocument>().faults.length).toBeGreaterThan(0)
    }
    writeFileSync(`${first}.file-proof`, proof, 'latin1')
    expect((await run(['check', first])).code).toBe(0)
  })

  it('is verified with its ledger: over HTTP while the server runs, in the folder once it is stopped', async () => {
    const { root } = (await server.request('/v1/ledger')).json<{ root: string }>()
    const wordsOf = ({ code, stdout }: CliResult): object => {
      const lines = stdout.trimEnd().split('\n')
      const said = ['size 3', `root ${root}`, 'checkpoint signed as the policy asks'].filter((one) =>
        lines.includes(one),
      )
      return { code, said: said.length, last: lines.at(-1) }
    }
    const sound = { code: 0, said: 3, last: 'no fault found' }
    expect(wordsOf(await evidence(['verify', '--url', server.url, '--policy', join(data, 'policy')]))).toEqual(sound)
    const held = await run(['verify'])
    expect(held.code).toBe(3)
    expect(held.stderr).toContain('ledger-in-use')
    expect(wordsOf(await evidence(['verify'], { env: { EVIDENCE_DATA: data, EVIDENCE_URL: server.url } }))).toEqual(
      sound,
    )
    expect(await server.stop()).toBe(0)
    const stopped = await run(['verify'])
    expect(wordsOf(stopped)).toEqual(sound)
    expect(stopped.stdout).toContain('sealed claims: 2 present, 0 withheld, 0 foreign')
    const document = (await run(['verify', '--json'])).json()
    expect(document).toMatchObject({ ok: true, size: 3, root, faults: [], environment: 'trial' })
    const unreachable = await evidence(['verify', '--url', server.url, '--policy', join(data, 'policy'), '--json'])
    expect(unreachable.code).toBe(3)
    expect(unreachable.json<CliError>().error.code).toBe('server-unreachable')
  })

  it('is still checked when the ledger is gone', async () => {
    const policy = join(path, 'policy')
    cpSync(join(data, 'policy'), policy)
    rmSync(data, { recursive: true })
    const result = await evidenceOk(['check', files[0] as string, '--policy', policy])
    expect(result.stdout).toContain('no fault found')
  })
})
