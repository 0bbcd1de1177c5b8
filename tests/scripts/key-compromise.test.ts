import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CliError, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/* Each procedure of docs/operations/key-compromise.md, with the real command line. */
let path: string
let remove: () => void
let data: string
let server: CliServer | undefined
const at = (name: string): string => join(path, name)

async function serve(): Promise<string> {
  server = await startServer(data, [], 'serve')
  return server.url
}
async function stop(): Promise<void> {
  await server?.stop()
  server = undefined
}

beforeEach(async () => {
  ;({ path, remove } = temporaryFolder())
  data = at('data')
  await evidenceOk(['init', '--data', data, '--reading', 'public', '--origin', 'test.example/keys'])
})
afterEach(async () => {
  await stop()
  remove()
})

async function keygen(name: string): Promise<string> {
  await evidenceOk(['keygen', '--out', at(`${name}.pem`)])
  return at(`${name}.pem`)
}
const clerk = (): string => join(data, 'keys', 'administrator.pem')
const asClerk = (): string[] => ['--key', clerk(), '--id', 'administrator']

async function admit(id: string, role: string, how: readonly string[]): Promise<void> {
  await keygen(id)
  const admission = ['participants', 'admit', id, '--public-key', at(`${id}.jwk`), '--type', 'court', '--role', role]
  await evidenceOk([...admission, '--data', data, ...how])
}

async function deposit(name: string, url: string): Promise<string> {
  const file = at(name)
  writeFileSync(file, `content of ${name}`)
  await evidenceOk(['deposit', file, '--data', data, '--url', url])
  return file
}

const codeOf = async (args: readonly string[]): Promise<string> =>
  (await evidence([...args, '--json'])).json<CliError>().error.code

/** Steps 2 to 5, with one administrator. */
async function rotate(reason: string): Promise<void> {
  const newKey = await keygen('ledger-2')
  const request = at('rotation.json')
  const signed = at('rotation.jws')
  const rotation = ['ledger', 'rotate-key', '--data', data, '--new-key', newKey, '--reason', reason]
  await evidenceOk([...rotation, '--out', request])
  await evidenceOk(['sign-statement', request, ...asClerk(), '--out', signed])
  await stop()
  await evidenceOk([...rotation, '--statement', signed])
}

describe('the ledger’s key is stolen', () => {
  it('another takes its place; receipts of before are checked under either policy', async () => {
    let url = await serve()
    const before = await deposit('before.txt', url)
    const oldPolicy = at('old.policy')
    writeFileSync(oldPolicy, readFileSync(join(data, 'policy')))
    await rotate('compromised')
    url = await serve()
    const policy = join(data, 'policy')
    expect(readFileSync(policy, 'utf8')).not.toBe(readFileSync(oldPolicy, 'utf8'))
    const after = await deposit('after.txt', url)

    // The old receipt under the new policy: not by itself, but with a transition.
    const check = (file: string, ...more: string[]) => evidence(['check', file, '--json', ...more])
    const found = async (...args: Parameters<typeof check>): Promise<unknown> => {
      const result = await check(...args)
      return { exit: result.code, codes: result.json<{ faults: { code: string }[] }>().faults.map(({ code }) => code) }
    }
    const fine = { exit: 0, codes: [] }
    expect(await found(before, '--policy', oldPolicy)).toEqual(fine)
    expect(await found(before, '--policy', policy)).toEqual({ exit: 1, codes: ['checkpoint-untrusted'] })
    await evidenceOk(['transition', `${before}.tlog-proof`, '--url', url])
    expect(await found(before, '--policy', policy)).toEqual(fine)
    // One that leads from another tree, or was altered, does not help.
    const transition = `${before}.key-transition`
    const text = readFileSync(transition, 'utf8')
    writeFileSync(
      at('bad.key-transition'),
      text.replace(/from (\d+)/, (_, size) => `from ${Number(size) + 1}`),
    )
    expect(await found(before, '--policy', policy, '--transition', at('bad.key-transition'))).toEqual({
      exit: 1,
      codes: ['consistency-invalid'],
    })
    writeFileSync(at('bad.key-transition'), text.replace('v1', 'v2'))
    expect(await codeOf(['check', before, '--policy', policy, '--transition', at('bad.key-transition')])).toBe(
      'transition-malformed',
    )
    // A new receipt under the old policy: by the receipt of the rotation.
    expect(await found(after, '--policy', policy)).toEqual(fine)
    expect(await found(after, '--policy', oldPolicy)).toEqual({ exit: 1, codes: ['checkpoint-untrusted'] })
    const [name] = readdirSync(join(data, 'rotations'))
    expect(await found(after, '--policy', oldPolicy, '--rotation', join(data, 'rotations', name as string))).toEqual(
      fine,
    )
    expect(await codeOf(['check', after, '--policy', oldPolicy, '--rotation', `${before}.tlog-proof`])).toBe(
      'ledger-key-invalid',
    )
    // R5: of several files the refusal names the one that it is about.
    writeFileSync(at('no-receipt'), 'a photo')
    for (const wrong of [`${before}.tlog-proof`, at('no-receipt')]) {
      const rotations = [join(data, 'rotations', name as string), wrong]
      const refused = await evidence([
        'check',
        after,
        '--policy',
        oldPolicy,
        ...rotations.flatMap((one) => ['--rotation', one]),
        '--json',
      ])
      expect([refused.code, refused.json<CliError>().error.message]).toEqual([1, expect.stringContaining(wrong)])
    }
    // The ledger verifies, from outside and from the folder; the folder makes transitions too.
    await evidenceOk(['verify', '--url', url, '--policy', policy])
    await stop()
    await evidenceOk(['verify', '--data', data])
    await evidenceOk(['transition', `${before}.tlog-proof`, '--data', data, '--out', at('own.key-transition')])
    expect(await found(before, '--policy', policy, '--transition', at('own.key-transition'))).toEqual(fine)
    await evidenceOk(['doctor', '--data', data])
  })

  it('where two must approve, both sign the rotation', async () => {
    const url = await serve()
    await admit('deputy', 'administrator', [...asClerk(), '--url', url])
    await evidenceOk(['approvals', 'set', '--administrators', '2', ...asClerk(), '--url', url, '--data', data])
    const newKey = await keygen('ledger-2')
    const rotation = ['ledger', 'rotate-key', '--data', data, '--new-key', newKey]
    await evidenceOk([...rotation, '--out', at('rotation.json')])
    await evidenceOk(['sign-statement', at('rotation.json'), ...asClerk(), '--out', at('alone.jws')])
    const proposal = at('rotation.proposal')
    await evidenceOk(['approvals', 'propose', at('rotation.json'), '--out', proposal, '--key', clerk()])
    await evidenceOk(['approvals', 'sign', proposal, '--key', at('deputy.pem')])
    expect(await codeOf(['approvals', 'sign', proposal, '--key', at('deputy.pem')])).toBe('approval-invalid')
    const shown = await evidenceOk(['approvals', 'show', proposal, '--json'])
    expect(shown.json<{ approvedBy: string[] }>().approvedBy).toHaveLength(2)
    const deputy = ['--key', at('deputy.pem'), '--id', 'deputy']
    await evidenceOk(['approvals', 'submit', proposal, ...deputy, '--out', at('rotation.jws')])
    await stop()
    expect(await codeOf([...rotation, '--statement', at('alone.jws')])).toBe('approvals-needed')
    expect(existsSync(join(data, 'rotation.json'))).toBe(false)
    await evidenceOk([...rotation, '--statement', at('rotation.jws')])
    await evidenceOk(['verify', '--data', data])
  })
})

describe('the ledger’s key is lost', () => {
  it('the new key signs alone, under a policy that is handed out', async () => {
    const before = await deposit('before.txt', await serve())
    await stop()
    // The passphrase is gone: as good as no key.
    writeFileSync(join(data, 'keys', 'ledger.pem'), 'unreadable', { mode: 0o600 })
    await rotate('lost')
    const url = await serve()
    await evidenceOk(['verify', '--url', url, '--policy', join(data, 'policy')])
    await evidenceOk(['transition', `${before}.tlog-proof`, '--url', url])
    await evidenceOk(['check', before, '--policy', join(data, 'policy')])
  })
})

describe('an administrator’s key', () => {
  it('that is stolen is revoked by another administrator, and its entries are flagged', async () => {
    const url = await serve()
    await admit('mallory', 'administrator', [...asClerk(), '--url', url])
    await admit('accomplice', 'depositor', ['--key', at('mallory.pem'), '--id', 'mallory', '--url', url])
    const since = '2020-01-01T00:00:00.000Z'
    const revoke = ['participants', 'revoke', 'mallory', '--reason', 'compromised', '--compromised-since', since]
    await evidenceOk([...revoke, ...asClerk(), '--url', url, '--data', data])
    await evidenceOk(['find', '--participant', 'mallory', '--url', url, '--data', data])
    const verified = await evidenceOk(['verify', '--url', url, '--policy', join(data, 'policy'), '--json'])
    expect(verified.json<{ flagged: { index: number }[] }>().flagged.map(({ index }) => index)).toEqual([3])
  })

  it('alone does not take a ledger whose changes two approve', async () => {
    const url = await serve()
    const how = [...asClerk(), '--url', url]
    for (const id of ['deputy', 'mallory']) await admit(id, 'administrator', how)
    await evidenceOk(['approvals', 'set', '--administrators', '2', ...how, '--data', data])
    const mallory = ['--key', at('mallory.pem'), '--id', 'mallory', '--url', url, '--data', data]
    await keygen('accomplice')
    const accomplice = ['--public-key', at('accomplice.jwk'), '--type', 'court', '--role', 'administrator']
    for (const attempt of [
      ['participants', 'admit', 'accomplice', ...accomplice],
      ['participants', 'revoke', 'deputy', '--reason', 'other'],
      ['approvals', 'set', '--administrators', '1'],
      ['ledger', 'close', '--reason', 'ended'],
    ])
      expect([attempt[0], await codeOf([...attempt, ...mallory])]).toEqual([attempt[0], 'approvals-needed'])
    const proposal = at('revoke.json')
    const revoke = ['participants', 'revoke', 'mallory', '--reason', 'compromised', '--propose', proposal]
    await evidenceOk([...revoke, ...how, '--data', data])
    expect(await codeOf(['approvals', 'submit', proposal, ...how, '--data', data])).toBe('approvals-missing')
    await evidenceOk(['approvals', 'sign', proposal, '--key', at('deputy.pem')])
    const deputy = ['--key', at('deputy.pem'), '--id', 'deputy', '--url', url, '--data', data]
    await evidenceOk(['approvals', 'submit', proposal, ...deputy])
    expect(await codeOf(['approvals', 'set', '--administrators', '1', ...mallory])).toBe('participant-revoked')
    await evidenceOk(['verify', '--url', url, '--policy', join(data, 'policy')])
  })

  it('and all of them, lost: recovery officers put another in their place', async () => {
    const url = await serve()
    const how = [...asClerk(), '--url', url]
    for (const id of ['officer-1', 'officer-2']) await admit(id, 'recovery', how)
    await evidenceOk(['approvals', 'set', '--administrators', '1', '--recovery', '2', ...how, '--data', data])
    // From here on the administrator's key is not used.
    const first = ['--key', at('officer-1.pem'), '--id', 'officer-1', '--url', url]
    const second = ['--key', at('officer-2.pem'), '--id', 'officer-2', '--url', url, '--data', data]
    const both = async (proposal: string): Promise<void> => {
      expect(await codeOf(['approvals', 'submit', proposal, ...second])).toBe('approvals-missing')
      await evidenceOk(['approvals', 'sign', proposal, '--key', at('officer-2.pem')])
      await evidenceOk(['approvals', 'submit', proposal, ...second])
    }
    await admit('new-clerk', 'administrator', [...first, '--propose', at('admit.json')])
    await both(at('admit.json'))
    const revoke = ['participants', 'revoke', 'administrator', '--reason', 'superseded', '--propose', at('revoke.json')]
    await evidenceOk([...revoke, ...first, '--data', data])
    await both(at('revoke.json'))
    await admit('station', 'depositor', ['--key', at('new-clerk.pem'), '--id', 'new-clerk', '--url', url])
    expect(await codeOf(['approvals', 'set', '--administrators', '1', ...how, '--data', data])).toBe(
      'participant-revoked',
    )
    await evidenceOk(['verify', '--url', url, '--policy', join(data, 'policy')])
  })
})

describe('a ledger that ends', () => {
  it('names its successor, which names it, and takes nothing more', async () => {
    const url = await serve()
    const kept = await deposit('kept.txt', url)
    writeFileSync(at('old.checkpoint'), await (await fetch(`${url}/checkpoint`)).text())
    const next = at('next')
    const administrator = `clerk=${join(path, 'clerk.jwk')}`
    await keygen('clerk')
    const origin = 'test.example/next'
    const production = ['--production', '--origin', origin, '--administrator', administrator]
    await evidenceOk([
      'init',
      '--data',
      next,
      ...production,
      '--continues',
      at('old.checkpoint'),
      '--reading',
      'public',
    ])
    await evidenceOk([
      'ledger',
      'sign-genesis',
      join(next, 'genesis.json'),
      '--key',
      at('clerk.pem'),
      '--out',
      at('genesis.jws'),
    ])
    await evidenceOk(['init', '--data', next, '--genesis', at('genesis.jws')])
    const successor = await startServer(next, [], 'serve')
    try {
      writeFileSync(at('first.checkpoint'), await (await fetch(`${successor.url}/checkpoint`)).text())
      expect((await successor.request('/v1/entries/0')).json()).toMatchObject({
        payload: { continues: { origin: 'test.example/keys' } },
      })
      const how = [...asClerk(), '--url', url, '--data', data]
      expect(
        await codeOf(['ledger', 'close', '--reason', 'continued', '--successor', at('old.checkpoint'), ...how]),
      ).toBe('successor-invalid')
      expect(await codeOf(['ledger', 'end-intake', '--reason', 'Not a code', ...how])).toBe('usage')
      const ended = await evidenceOk(['ledger', 'end-intake', '--reason', 'archive-full', ...how])
      expect(ended.stderr).toContain('"archive-full" is no reason that this version knows')
      writeFileSync(at('refused.txt'), 'refused')
      const refused = await evidence(['deposit', at('refused.txt'), '--data', data, '--url', url])
      expect([refused.code, refused.stdout.includes('entry 3 ended the intake')]).toEqual([3, true])
      expect(refused.stderr).toContain('intake ended by entry 3')
      expect(await codeOf(['ledger', 'set-format', '1', ...how])).toBe('usage')
      await evidenceOk(['ledger', 'set-format', '2', ...how])
      await evidenceOk(['ledger', 'close', '--reason', 'continued', '--successor', at('first.checkpoint'), ...how])
    } finally {
      await successor.stop()
    }
    writeFileSync(at('late.txt'), 'late')
    const late = await evidence(['deposit', at('late.txt'), '--data', data, '--url', url, '--json'])
    expect([late.code, late.stdout.includes('ledger-closed')]).toEqual([3, true])
    await evidenceOk(['check', kept, '--policy', join(data, 'policy')])
    const report = await evidenceOk(['verify', '--url', url, '--policy', join(data, 'policy'), '--json'])
    expect(report.json()).toMatchObject({ ok: true, intakeEndedAt: 3, closedAt: 5, successor: origin })
    const info = await (await fetch(`${url}/v1/ledger`)).json()
    expect(info).toMatchObject({ intakeEndedAt: 3, closedAt: 5, successor: origin })
    const list = await evidenceOk(['participants', 'list', '--url', url])
    expect(list.stdout).toContain('intake ended by entry 3: it takes no deposits')
  })
})
