import { once } from 'node:events'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliError, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path, remove } = temporaryFolder()
const at = (name: string): string => join(path, name)
const data = at('data')
const witness = at('witness')
let server: CliServer

beforeAll(async () => {
  server = await startServer(data)
  writeFileSync(at('file'), 'content')
  await evidenceOk(['deposit', at('file'), '--data', data, '--url', server.url])
  await evidenceOk(['witness', 'init', '--name', 'witness.example/w', '--data', witness])
  execFileSync('mkfifo', [at('pipe')])
  // Longer than memory, and takes no room.
  writeFileSync(at('huge'), '', { mode: 0o600 })
  truncateSync(at('huge'), 2 ** 40)
})
afterAll(async () => {
  await server.stop()
  remove()
})

/** The commands that read a file that is named, and how each refuses one without end. */
const commands: Readonly<Record<string, (file: string) => readonly string[]>> = {
  policy: (file) => ['check', at('file'), '--policy', file],
  'policy of a package': (file) => ['package', at('file'), '--out', at('out.zip'), '--policy', file],
  'policy of a mirror': (file) => ['mirror', server.url, at('mirror'), '--once', '--policy', file],
  settings: (file) => ['serve', '--data', at('none'), '--config', file],
  genesis: (file) => ['init', '--data', at('new'), '--genesis', file],
  'public key': (file) => ['key', 'show', file],
  collection: (file) => ['deposit', at('file'), '--again', '--collection', file, '--data', data, '--url', server.url],
  'passphrase file': (file) => ['keygen', '--out', at('key.pem'), '--passphrase-file', file],
  receipt: (file) => ['check', at('file'), '--receipt', file, '--data', data],
  'trust anchors': (file) => [
    'check',
    at('file'),
    '--data',
    data,
    '--time-proof',
    at('file'),
    '--timestamp-anchors',
    file,
  ],
  'list of logs': (file) => ['witness', 'add-log', file, '--data', witness],
}

describe('F-B12: a file that is named and has no end is refused, not read for ever', () => {
  it.each(Object.entries(commands))('F-B12: %s', async (_, command) => {
    for (const file of ['/dev/zero', at('pipe'), at('huge')]) {
      const { code, stdout, stderr } = await evidence([...command(file), '--json'])
      const { error } = JSON.parse(stdout) as CliError
      expect([file, code, error.code, stderr]).toEqual([
        file,
        expect.toBeOneOf([1, 2, 3]),
        expect.stringMatching(/-(?:unreadable|malformed|invalid)$/),
        '',
      ])
    }
  })

  it('F-B12: a pipe whose writer does not end is read to the bound', async () => {
    // Open before anybody reads: a pipe without a writer has an end.
    const script = 'exec 3<> "$0"; echo open; exec cat /dev/zero >&3'
    const writer = spawn('sh', ['-c', script, at('pipe')], { stdio: ['ignore', 'pipe', 'ignore'] })
    await once(writer.stdout, 'data')
    const ended = new Promise((resolve) => writer.on('close', resolve))
    try {
      const { code, stdout } = await evidence(['check', at('file'), '--receipt', at('pipe'), '--data', data, '--json'])
      expect([code, (JSON.parse(stdout) as CliError).error.code]).toEqual([1, 'receipt-malformed'])
    } finally {
      writer.kill()
      await ended
    }
  })

  it('F-B12: a receipt may come through a pipe, though it is looked at more than once', () => {
    const cli = join(import.meta.dirname, '../../cli/evidence.mjs')
    const script = '"$1" "$2" check "$3" --receipt <(sleep 0.2; cat "$3.tlog-proof") --policy "$4/policy"'
    const ran = spawnSync('bash', ['-c', script, 'bash', process.execPath, cli, at('file'), data], { encoding: 'utf8' })
    expect([ran.status, ran.stderr]).toEqual([0, ''])
  })
})

describe('F-B12: a folder of a stranger that holds pipes and devices lacks what they stand for', () => {
  beforeAll(async () => {
    await server.stop()
    await evidenceOk(['export', at('export'), '--data', data])
  })

  it.each([
    ['checkpoint', 'checkpoint-missing'],
    ['tile/0/000.p/3', 'tile-missing'],
    ['tile/entries/000.p/3', 'entry-missing'],
  ])('F-B12: an export with %s as a device: %s', async (name, fault) => {
    const folder = at(`export-${name.replaceAll('/', '-')}`)
    cpSync(at('export'), folder, { recursive: true })
    expect(readFileSync(join(folder, name)).length).toBeGreaterThan(0)
    rmSync(join(folder, name))
    symlinkSync('/dev/zero', join(folder, name))
    const { code, stdout } = await evidence(['verify', '--dir', folder, '--policy', join(data, 'policy'), '--json'])
    expect([code, stdout]).toEqual([1, expect.stringContaining(fault)])
  })
})
