import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { EvidenceError } from '../../src/core/errors.ts'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { custodyOf } from '../../src/statements/custody-state.ts'
import type { Registry } from '../../src/statements/registry.ts'
import { walk } from '../../src/verify/walk.ts'
import { RuleBench } from '../statements/bench.ts'
import type { UnitReference } from '../support/custody.ts'
import { Composer } from '../support/custody-composer.ts'
import { CustodyModel, type ModelUnit } from '../support/custody-model.ts'
import { figures, option } from '../support/fault-server.ts'
import { policyOfFolder, temporaryFolder, type TestFolder, trialFolder } from '../support/folder.ts'
import { sizeOf } from '../support/long.ts'
import { python } from '../support/python.ts'
import { Random } from '../support/random.ts'
import { signerNamed } from '../support/signers.ts'
import { statement } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'

/*
 * Random sequences over participants, exhibits and kinds: at every index the rulebook finds what a model says that shares nothing with it,
 * and every unit has exactly the custodian that the model has. Some of the sequences go through a real ledger, and through both verifiers.
 * `npm run faults -- custody --sequences 100000 --seed 1` is the long form; `--sequences 1 --seed N` is one sequence alone.
 */
const sequences = option('sequences', sizeOf('tests/faults/custody.test.ts', 'sequences'))
const ledgers = option('ledgers', sizeOf('tests/faults/custody.test.ts', 'ledgers'))
const firstSeed = option('seed', 1)
installNativePrimitives()

const ids = ['court', 'court-two', 'police', 'lab', 'archive', 'prosecutor', 'customs'] as const
const rolesOf = (id: string): string[] => [id.startsWith('court') ? 'authority' : 'depositor']
const steps = 24

/** Every unit of the model as the registry has it. */
function custodyIn(registry: Registry, { units }: CustodyModel): ModelUnit[] {
  return units.map(({ deposit, item, by, count }) => {
    const unit = { index: deposit, item, iss: by, count, where: '' }
    const { holder, since, isEnded = false } = custodyOf(registry, unit)
    return { deposit, item, by, count, holder, since, isEnded }
  })
}

/** A sequence through a real ledger, which refuses what the model refuses; gives the model at its end. */
async function sequenceThrough(
  ledger: Ledger,
  { origin, administrator }: TestFolder,
  seed: number,
): Promise<CustodyModel> {
  const leaves: Uint8Array[] = []
  const iat = Math.floor(Date.now() / 1000)
  const reference = (index: number): UnitReference => ({
    index,
    leafHash: Buffer.from(leaves[index] ?? []).toString('base64'),
  })
  const composer = new Composer(origin, iat, reference)
  const say = async (by: string, kind: string, members: object): Promise<string | undefined> => {
    const key = by === 'administrator' ? administrator : signerNamed(by)
    try {
      const { index, leafHash: hash } = await ledger.deposit(
        statement(key, origin, kind, members, { iss: by, iat }).presentation,
      )
      leaves[index] = hash
      return undefined
    } catch (error) {
      if (error instanceof EvidenceError) return error.code
      throw error
    }
  }
  for (const id of ids) {
    const participant = { id, type: 'organisation', roles: rolesOf(id), keys: [signerNamed(id).jwk] }
    expect(await say('administrator', 'participant.admit', { participant })).toBeUndefined()
  }
  const model = new CustodyModel(new Random(seed), ids)
  for (let i = 0; i < steps; i++) {
    const index = ledger.reads.size
    const step = model.step(index)
    const { by, kind, members } = composer.compose(step, index)
    const found = await say(by, kind, members)
    expect({ seed, index, step, found }).toEqual({ seed, index, step, found: model.judge(step, index) })
    expect({ seed, index, step, units: custodyIn(ledger.registry, model) }).toEqual({
      seed,
      index,
      step,
      units: model.units,
    })
  }
  return model
}

describe('custody', () => {
  it(`is what a model says, at every index of ${sequences} sequences`, () => {
    const codes: Record<string, number> = {}
    for (let seed = firstSeed; seed < firstSeed + sequences; seed++) {
      const random = new Random(seed)
      const bench = new RuleBench().begin()
      for (const id of ids) bench.admit(id, rolesOf(id))
      const model = new CustodyModel(random, ids)
      const composer = new Composer('test.example/chain', 1_793_520_000, (index) => bench.reference(index))
      for (let index = bench.targets.length; index < ids.length + 1 + steps; index++) {
        const step = model.step(index)
        const { by, kind, members } = composer.compose(step, index)
        const before = bench.registry
        const judgement = bench.say(signerNamed(by), by, kind, members)
        const expected = model.judge(step, index)
        const found = judgement.violations.map(({ code }): string => code)
        const said = { seed, index, step }
        const agrees = expected === undefined ? found.length === 0 : found.includes(expected)
        const isKept = expected === undefined || bench.registry === before
        const { unjudged } = judgement
        expect({ ...said, expected, found, unjudged, agrees, isKept }).toMatchObject({
          unjudged: [],
          agrees: true,
          isKept: true,
        })
        expect({ ...said, units: custodyIn(bench.registry, model) }).toEqual({
          ...said,
          units: model.units,
        })
        codes[expected ?? step.what] = (codes[expected ?? step.what] ?? 0) + 1
      }
    }
    figures('custody', { sequences, 'first seed': firstSeed, ...codes })
    const told = [
      'custody-not-holder',
      'custody-ended',
      'custody-stale',
      'release-used',
      'exhibit-repeated',
      'transfer',
    ]
    // One sequence alone meets few of them.
    expect(told.filter((code) => sequences >= 100 && codes[code] === undefined)).toEqual([])
  })

  const { path, remove } = temporaryFolder()
  afterAll(remove)

  it.skipIf(lacks('python3', 'python3-cryptography'))(
    `is what a model says in ${ledgers} real ledgers, and both verifiers find no fault`,
    async () => {
      for (let seed = firstSeed; seed < firstSeed + ledgers; seed++) {
        const folder = await trialFolder()
        try {
          const ledger = await folder.open()
          const model = await sequenceThrough(ledger, folder, seed)
          const { size, checkpoint } = ledger.reads
          await ledger.close()
          // The state is rebuilt from the entries.
          const again = await folder.open()
          expect({ seed, units: custodyIn(again.registry, model) }).toEqual({ seed, units: model.units })
          await again.close()
          const source = await FolderSource.open(folder.root, readOwnKey(folder.folder))
          const report = await walk({ source, policy: policyOfFolder(folder) })
          expect({ seed, faults: report.faults, unjudged: report.unjudged }).toEqual({ seed, faults: [], unjudged: [] })
          const entries = await source.entries(0, size)
          await source.close()
          const input = {
            checkpoint,
            policy: readFileSync(folder.folder.policy, 'utf8'),
            entriesBase64: entries.map((bytes) => Buffer.from(bytes ?? []).toString('base64')),
          }
          writeFileSync(join(path, 'cases.jsonl'), JSON.stringify({ format: 'walk', input }))
          const { stdout, stderr } = python('vectors.py', [join(path, 'cases.jsonl')])
          expect({ seed, stderr }).toEqual({ seed, stderr: '' })
          const flagged = report.flagged.map(({ index }) => index)
          expect({ seed, ...JSON.parse(stdout) }).toMatchObject({
            seed,
            valid: true,
            faults: [],
            unjudged: [],
            flagged,
          })
        } finally {
          folder.remove()
        }
      }
    },
  )
})
