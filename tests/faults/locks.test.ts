import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Acknowledged } from '../support/acknowledged.ts'
import { evidence, evidenceOk } from '../support/cli.ts'
import { launch, launchSound } from '../support/fault-server.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'
import { Commands, program, withoutKoffi } from '../support/stopped-command.ts'

/* Two processes on one folder, the first standing still in the middle, or in another container: the second is refused. */

const isLinux = process.platform === 'linux'
const canUnshare = isLinux && process.getuid?.() === 0
if (!canUnshare) console.warn('SKIPPED: locks across PID namespaces need root on Linux')
const inContainer = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']

let test: TestFolder
let commands: Commands
const at = (name: string): string => join(test.root, '..', name)

async function refusal(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await evidence(args)
  expect(code).toBe(3)
  return /evidence: ([a-z-]+):/.exec(`${stdout}${stderr}`)?.[1] ?? `${stdout}${stderr}`
}

const inTurn = async (commands: readonly (readonly string[])[]): Promise<string[]> => {
  const codes: string[] = []
  for (const args of commands) codes.push(await refusal(args))
  return codes
}

describe.skipIf(!isLinux)('F-RA: the lock of a folder', () => {
  beforeEach(async () => {
    test = await trialFolder()
    commands = new Commands(join(test.root, '..'))
  })
  afterEach(() => {
    commands.kill()
    test.remove()
  })

  it('F-RA-H2: a server that stands still at its start is not overtaken by a final backup', async () => {
    const server = await commands.stopAt('copyFileSync', 'CURRENT$', ['serve', '--data', test.root, '--port', '0'])
    expect(await refusal(['backup', at('out'), '--data', test.root, '--final'])).toBe('ledger-in-use')
    expect(existsSync(test.folder.signingState)).toBe(false)
    server.child.kill('SIGCONT')
    server.child.kill('SIGTERM')
    await server.ended
    expect((await evidenceOk(['backup', at('out'), '--data', test.root, '--final', '--json'])).json()).toMatchObject({
      final: true,
    })
    expect(await refusal(['serve', '--data', test.root, '--port', '0'])).toBe('ledger-moved')
  })

  it('R4A: a served folder is held though its lock file was removed', async () => {
    const server = await launchSound(test.root)
    rmSync(test.folder.lock)
    expect(
      await inTurn([
        ['ledger', 'reindex', '--data', test.root],
        ['backup', at('out'), '--data', test.root, '--final'],
        ['serve', '--data', test.root, '--port', '0'],
        ['verify', '--data', test.root],
      ]),
    ).toEqual(['ledger-in-use', 'ledger-in-use', 'ledger-in-use', 'ledger-in-use'])
    expect(existsSync(test.folder.lock)).toBe(false)
    await server.end()
    expect((await evidenceOk(['verify', '--data', test.root])).stdout).toContain('no fault found')
  })

  it('F-RA-H3: a ledger is not served while it is indexed anew, and loses nothing', async () => {
    const book = new Acknowledged(test.root)
    const reindex = await commands.stopAt('copyFileSync', 'CURRENT$', ['ledger', 'reindex', '--data', test.root])
    const refused = await launch(test.root)
    expect(refused.url).toBeUndefined()
    expect(refused.output()).toMatch(/^evidence: ledger-in-use: /m)
    reindex.child.kill('SIGCONT')
    expect((await reindex.ended).code).toBe(0)
    const server = await launchSound(test.root)
    expect((await book.send(server.url)).kind).toBe('acknowledged')
    await book.requireAllServed(server.url)
    await server.end()
    expect(await book.faultsOfFolder()).toEqual([])
  })

  it('F-RA-H3: killed between the two names, reindex keeps the old database until the new one was examined', async () => {
    const stopped = await commands.stopAt('unlinkSync', 'ledger\\.old$', ['ledger', 'reindex', '--data', test.root])
    expect(existsSync(`${test.folder.database}.old`)).toBe(true)
    stopped.child.kill('SIGKILL')
    await stopped.ended
    writeFileSync(join(test.folder.database, 'CURRENT'), 'MANIFEST-999999\n')
    const { code } = await evidence(['ledger', 'reindex', '--data', test.root])
    expect(code).not.toBe(0)
    await evidenceOk(['ledger', 'reindex', '--data', test.root])
    await evidenceOk(['verify', '--data', test.root])
  })

  it('F-RA-H4: one of two seals the genesis, and nobody removes a ledger that is there', async () => {
    const root = at('production')
    await evidenceOk(['keygen', '--out', at('clerk.pem')])
    const admin = `clerk=${at('clerk.jwk')}`
    const init = ['init', '--data', root, '--production', '--origin', 'gen.example/x', '--administrator', admin]
    await evidenceOk(init)
    const jws = at('genesis.jws')
    await evidenceOk(['ledger', 'sign-genesis', join(root, 'genesis.json'), '--key', at('clerk.pem'), '--out', jws])
    const seal = ['init', '--data', root, '--genesis', jws]
    const first = await commands.stopAt('unlinkSync', 'ledger\\.new$', seal)
    expect(await refusal(seal)).toBe('ledger-in-use')
    first.child.kill('SIGCONT')
    expect((await first.ended).code).toBe(0)
    const again = await evidence(seal)
    expect(again.stderr).toMatch(/^evidence: ledger-exists: /m)
    // Cut off before the last step: finished with the same genesis, also where it is signed anew.
    const config = join(root, 'config.json')
    const awaiting = JSON.stringify({ ...JSON.parse(readFileSync(config, 'utf8')), awaitingGenesis: true })
    writeFileSync(config, awaiting)
    await evidenceOk(seal)
    writeFileSync(config, awaiting)
    rmSync(jws)
    await evidenceOk(['ledger', 'sign-genesis', join(root, 'genesis.json'), '--key', at('clerk.pem'), '--out', jws])
    await evidenceOk(seal)
    await evidenceOk(['verify', '--data', root])
    // And with another one refused: what is there stays.
    writeFileSync(config, awaiting)
    await evidenceOk(['keygen', '--out', at('usurper.pem')])
    const otherRoot = at('other')
    const usurper = `clerk=${at('usurper.jwk')}`
    await evidenceOk([
      'init',
      '--data',
      otherRoot,
      '--production',
      '--origin',
      'gen.example/x',
      '--administrator',
      usurper,
    ])
    const other = at('other.jws')
    await evidenceOk([
      'ledger',
      'sign-genesis',
      join(otherRoot, 'genesis.json'),
      '--key',
      at('usurper.pem'),
      '--out',
      other,
    ])
    const before = readFileSync(join(root, 'head'))
    expect((await evidence(['init', '--data', root, '--genesis', other])).stderr).toMatch(/^evidence: ledger-exists: /m)
    expect(readFileSync(join(root, 'head'))).toEqual(before)
    expect(existsSync(join(root, 'ledger', 'CURRENT'))).toBe(true)
  })

  it('F-RA-M1: a rotation that is refused leaves nothing of itself', async () => {
    await evidenceOk(['keygen', '--out', at('next.pem')])
    const rotate = ['ledger', 'rotate-key', '--data', test.root, '--new-key', at('next.pem')]
    const signed = [...rotate, '--key', test.folder.administratorKey, '--id', 'administrator']
    const server = await launchSound(test.root)
    expect(await refusal(signed)).toBe('ledger-in-use')
    await server.end()
    // Refused by the opening, after the lock.
    const secret = readFileSync(test.folder.lookupSecret)
    writeFileSync(test.folder.lookupSecret, 'damaged')
    expect((await evidence(signed)).code).not.toBe(0)
    writeFileSync(test.folder.lookupSecret, secret)
    expect(existsSync(test.folder.rotation)).toBe(false)
    expect(readdirSync(test.folder.keys).filter((name) => name.endsWith('.next'))).toEqual([])
    await (await launchSound(test.root)).end()
    await evidenceOk(['backup', at('out'), '--data', test.root, '--final'])
    expect(await refusal(signed)).toBe('ledger-moved')
    expect(existsSync(test.folder.rotation)).toBe(false)
  })

  it.skipIf(!canUnshare)('F-RA-H1: a server in another container is seen', async () => {
    const book = new Acknowledged(test.root)
    const server = await launchSound(test.root, { under: inContainer })
    const data = ['--data', test.root]
    const refused = [
      ['backup', at('out'), ...data, '--final'],
      ['ledger', 'reindex', ...data],
      ['ledger', 'erase', '1', '--claim', 'all', ...data],
      ['serve', ...data, '--port', '0'],
      ['promote', ...data, '--take-over'],
      ['verify', ...data],
    ]
    expect(await inTurn(refused)).toEqual(refused.map(() => 'ledger-in-use'))
    expect(existsSync(test.folder.lock)).toBe(true)
    expect((await book.send(server.url)).kind).toBe('acknowledged')
    // Killed, it holds nothing: the kernel released the lock, whatever the file says.
    await server.end('SIGKILL')
    const next = await launchSound(test.root)
    await book.requireAllServed(next.url)
    await next.end()
    expect(await book.faultsOfFolder()).toEqual([])
  })

  it.skipIf(!canUnshare)(
    'F-RA-H1: where there are no locks of the kernel, another container’s process counts as alive',
    async () => {
      const preload = at('without-koffi.cjs')
      writeFileSync(preload, withoutKoffi)
      const env = { NODE_OPTIONS: `--require ${preload}` }
      const server = await launchSound(test.root, { under: inContainer, env })
      const { code, stderr } = await evidence(['ledger', 'reindex', '--data', test.root])
      expect(code).toBe(3)
      expect(stderr).toMatch(/ledger-in-use: .+ of another container or machine; where no such process runs .+ remove /)
      await server.end('SIGKILL')
      const second = await launch(test.root, { env })
      expect(second.url).toBeUndefined()
      rmSync(test.folder.lock)
      await (await launchSound(test.root, { env })).end()
      expect(existsSync(test.folder.lock)).toBe(false)
    },
  )

  it.skipIf(!canUnshare)('F-RA-H1: a witness in another container is seen, and its list can be changed', async () => {
    const root = at('witness')
    await evidenceOk(['witness', 'init', '--data', root, '--name', 'w.example/1'])
    const child = spawn(
      inContainer[0] as string,
      [...inContainer.slice(1), process.execPath, program, 'witness', 'serve', '--data', root, '--port', '0'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    commands.running.add(child)
    await new Promise<void>((resolve) => {
      let said = ''
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        if (said.includes('listening on')) resolve()
      })
    })
    expect(await refusal(['witness', 'serve', '--data', root, '--port', '0'])).toBe('ledger-in-use')
    await evidenceOk(['witness', 'add-log', test.folder.policy, '--data', root])
    expect(existsSync(join(root, 'logs.lock'))).toBe(false)
    // An `add-log` that stands still holds the list.
    const stopped = await commands.stopAt('renameSync', 'logs\\.part$', [
      'witness',
      'remove-log',
      test.origin,
      '--data',
      root,
    ])
    expect(await refusal(['witness', 'add-log', test.folder.policy, '--data', root])).toBe('ledger-in-use')
    stopped.child.kill('SIGCONT')
    expect((await stopped.ended).code).toBe(0)
  })
})
