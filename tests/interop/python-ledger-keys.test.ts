import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { verdict, verifier, withByteChanged } from '../support/python-verifier.ts'
import { lacks } from '../support/system-tools.ts'

/* A ledger of the real command line: deposits, gets another key, deposits again, and is closed (docs/spec/14-ledger-keys.md). */
describe.skipIf(lacks('python3', 'python3-cryptography'))('the Python verifier, of a ledger with a new key', () => {
  const { path, remove } = temporaryFolder()
  const at = (name: string): string => join(path, name)
  const [data, exported, before, after] = ['data', 'export', 'before.txt', 'after.txt'].map(at) as [
    string,
    string,
    string,
    string,
  ]
  const [oldPolicy, newPolicy, rotation] = ['old.policy', 'new.policy', 'rotation.tlog-proof'].map(at) as [
    string,
    string,
    string,
  ]
  const transition = `${before}.key-transition`
  const check = (file: string, policy: string, ...more: string[]): string[] => [
    'check',
    file,
    '--receipt',
    `${file}.tlog-proof`,
    '--policy',
    policy,
    ...more,
  ]

  beforeAll(async () => {
    const own = ['--data', data]
    const clerk = ['--key', join(data, 'keys', 'administrator.pem'), '--id', 'administrator']
    await evidenceOk(['init', ...own, '--reading', 'public', '--origin', 'test.example/python-keys'])
    const deposit = async (file: string, url: string): Promise<void> => {
      writeFileSync(file, `content of ${file.length}\n`)
      await evidenceOk(['deposit', file, ...own, '--url', url])
    }
    let server = await startServer(data, [], 'serve')
    await deposit(before, server.url)
    await server.stop()
    cpSync(join(data, 'policy'), oldPolicy)
    await evidenceOk(['keygen', '--out', at('ledger-2.pem')])
    await evidenceOk(['ledger', 'rotate-key', ...own, '--new-key', at('ledger-2.pem'), ...clerk])
    cpSync(join(data, 'policy'), newPolicy)
    cpSync(join(data, 'rotations', readdirSync(join(data, 'rotations'))[0] as string), rotation)
    server = await startServer(data, [], 'serve')
    await deposit(after, server.url)
    await evidenceOk(['transition', `${before}.tlog-proof`, '--url', server.url])
    await evidenceOk(['ledger', 'close', '--reason', 'ended', ...own, '--url', server.url, ...clerk])
    await server.stop()
    await evidenceOk(['export', exported, ...own])
  })
  afterAll(remove)

  it('checks receipts from before and after the rotation, under either policy, with what leads there', () => {
    expect(verdict(check(before, oldPolicy))).toEqual([0])
    expect(verdict(check(before, newPolicy))).toEqual([1, 'checkpoint-untrusted'])
    expect(verdict(check(before, newPolicy, '--transition', transition))).toEqual([0])
    expect(verdict(check(after, newPolicy))).toEqual([0])
    expect(verdict(check(after, oldPolicy))).toEqual([1, 'checkpoint-untrusted'])
    expect(verdict(check(after, oldPolicy, '--rotation', rotation))).toEqual([0])
    expect(verdict(check(after, oldPolicy, '--rotation', `${before}.tlog-proof`))).toEqual([1, 'ledger-key-invalid'])
    expect(verdict(check(after, newPolicy, '--rotation', rotation))).toEqual([1, 'ledger-key-invalid'])
  })

  it('finds one byte changed in a file, a receipt, a transition, the receipt of a rotation', () => {
    withByteChanged(before, 'content', 0, () => {
      expect(verdict(check(before, newPolicy, '--transition', transition))).toEqual([1, 'file-differs'])
    })
    // The last character that a pattern finds is changed; of B to Y and b to y that gives base64 again.
    const changed = (file: string, pattern: RegExp, args: string[]): readonly [number, ...string[]] => {
      const found = pattern.exec(readFileSync(file, 'utf8'))?.[0] as string
      return withByteChanged(file, found, Buffer.byteLength(found) - 1, () => verdict(args))
    }
    const old = check(before, newPolicy, '--transition', transition)
    expect(changed(`${before}.tlog-proof`, /^index \d+\n.*?[B-Yb-y]/m, old)).toEqual([1, 'inclusion-invalid'])
    expect(changed(transition, /^from \d+\n/m, old)).toEqual([1, 'transition-malformed'])
    expect(changed(transition, /^from \d+/m, old)).toEqual([1, 'consistency-invalid'])
    expect(changed(transition, /^from \d+\n.*?[B-Yb-y]/m, old)).toEqual([1, 'consistency-invalid'])
    expect(changed(transition, /\n— \S+ .{20,}?[B-Yb-y]/, old)).toEqual([1, 'signature-invalid'])
    const forward = check(after, oldPolicy, '--rotation', rotation)
    expect(changed(rotation, /^index \d+\n.*?[B-Yb-y]/m, forward)).toEqual([1, 'inclusion-invalid'])
    expect(changed(rotation, /\n— \S+ .{20,}?[B-Yb-y]/, forward)).toEqual([1, 'signature-invalid'])
  })

  it('walks the export to its end, and says that it was closed', async () => {
    const verify = ['verify', exported, '--policy', newPolicy, '--checkpoint', `${before}.tlog-proof`]
    const ours = await evidence(['verify', '--dir', exported, '--policy', newPolicy, '--json'])
    const { origin, root, size, participants } = ours.json<Record<string, unknown>>()
    const document = verifier(verify)
    expect(document).toMatchObject({ ok: true, trusted: true, origin, root, size, participants })
    expect(document).toMatchObject({ closedBy: (size as number) - 1 })
    // The old policy trusts the old key, which did not sign this.
    expect(verdict(['verify', exported, '--policy', oldPolicy])).toEqual([1, 'checkpoint-untrusted'])
    const entries = join(exported, 'tile', 'entries', `000.p/${size}`)
    withByteChanged(entries, '\n3\n', 1, () => {
      expect(verifier(verify).faults).toMatchObject([
        { code: 'entry-altered', index: 3 },
        { code: 'index-wrong', index: 3 },
      ])
    })
  })
})
