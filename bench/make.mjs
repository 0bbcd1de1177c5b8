// Makes the ledger of a plan (bench/workload.mjs) through the real writer: `node bench/make.mjs '{"path": …, "workload": …, …}'`. A process of its own, so
// that a kind of statement may be added to it (bench/stateful-kind.mjs).
import { toBase64 } from '../dist/src/core/base64.js'
import { initTrial } from '../dist/cli/serve/trial.js'
import { dataFolder } from '../dist/src/ledger/data-folder.js'
import { readLedgerKey } from '../dist/src/ledger/create.js'
import { Ledger } from '../dist/src/ledger/ledger.js'
import { installNativePrimitives } from '../dist/src/node/native.js'
import { composePossession, signJws } from '../dist/src/statements/compose.js'
import { releaseTyp } from '../dist/src/statements/vocabulary.js'
import { plan, setUpEntries } from './workload.mjs'
import { bytesOf, depositOf, signerNamed, signerOfFile, statementOf, uuidOf } from './statements.mjs'

const { path, ...parameters } = JSON.parse(process.argv[2])
const origin = 'bench.example/ledger'
/** 2026-01-01: before the time of any entry, as it must be. */
const iat = 1_767_225_600
/** Statements of one group at most: with their references still one group of the writer, which keeps their order. */
const groupSize = 512

installNativePrimitives()
await initTrial(path, { origin, reading: 'public', openDisclosures: false })
const folder = dataFolder(path)
const administrator = { iss: 'administrator', signer: signerOfFile(folder.administratorKey) }
const depositor = { iss: 'depositor', signer: signerOfFile(folder.depositorKey) }
const ledger = await Ledger.open(path, readLedgerKey(path), { signatureThreads: 1 })
const randomBytes = bytesOf(`${parameters.workload} ${parameters.seed ?? 1}`)

/** Who signs, by number: the key that each has now, and how many it has had. */
const parties = new Map([[-1, depositor]])
const by = (party) => ({ origin, iat, randomBytes, ...party })
/** Where each deposit of the plan lies, by its number among them. */
const places = []

const reference = (of) => {
  const { index, leafHash } = places[of]
  return { index, leafHash: toBase64(leafHash) }
}

/** Index that the next statement comes to have: each step is one entry. */
let nextIndex = setUpEntries

/** Seconds since 1970 at which each release ends. */
const releaseEnds = Math.floor(Date.now() / 1000) + 30 * 86_400

/** The statement of each kind of step. */
const compose = {
  deposit: ({ signer, of }) =>
    depositOf(by(parties.get(signer)), of === undefined ? {} : { relates: [{ rel: 'supplements', ...reference(of) }] }),
  attest: ({ signer, of }) =>
    statementOf({ ...by(parties.get(signer)), kind: 'evidence.attest' }, { of: reference(of), as: 'witness' }),
  admit({ signer }) {
    const party = { iss: `signer-${signer}`, signer: signerNamed(`${signer} 0`), generation: 0 }
    parties.set(signer, party)
    const participant = { id: party.iss, type: 'platform', roles: ['depositor'], keys: [party.signer.jwk] }
    return statementOf({ ...by(administrator), kind: 'participant.admit' }, { participant })
  },
  rotate({ signer }) {
    const party = parties.get(signer)
    const generation = party.generation + 1
    const next = signerNamed(`${signer} ${generation}`)
    const jti = uuidOf(randomBytes(16))
    const context = { aud: origin, iss: party.iss, jti, old: party.signer.thumbprint }
    const members = { newKey: next.jwk, possession: composePossession(context, next) }
    parties.set(signer, { ...party, signer: next, generation })
    return statementOf({ ...by(party), kind: 'participant.rotate-key', jti }, members)
  },
  revoke({ signer }) {
    const { iss } = parties.get(signer)
    parties.delete(signer)
    return statementOf(
      { ...by(administrator), kind: 'participant.revoke' },
      { participant: iss, reason: 'affiliation-ended' },
    )
  },
  'hand-over'({ signer, of }) {
    const party = parties.get(signer)
    const release = signJws('evidence-release+jwt', { of: places[of].index, to: party.iss }, party.signer)
    return statementOf({ ...by(party), kind: 'evidence.hand-over' }, { of: reference(of), release })
  },
  transfer({ signer, giver, of }) {
    const [from, to] = [parties.get(giver), parties.get(signer)]
    const payload = {
      aud: origin,
      iss: from.iss,
      jti: uuidOf(randomBytes(16)),
      iat,
      exp: releaseEnds,
      since: nextIndex - 1,
      to: to.iss,
      exhibits: [{ ...reference(of), item: 0 }],
    }
    const release = signJws(releaseTyp, payload, from.signer)
    return statementOf({ ...by(to), kind: 'custody.transfer' }, { release, outcome: 'accepted', checked: ['match'] })
  },
  record: ({ signer, of }) =>
    statementOf({ ...by(parties.get(signer)), kind: 'evidence.event' }, { of: reference(of), event: 'examined' }),
}

/** Has statements sequenced; throws where one is refused. */
async function sequence(steps, texts) {
  const submissions = await ledger.authenticateMany(texts)
  const refused = submissions.find((one) => one instanceof Error)
  if (refused !== undefined) throw refused
  for (const [i, outcome] of (await ledger.submitMany(submissions, false)).entries()) {
    if (outcome instanceof Error) throw outcome
    if (steps[i].number !== undefined) places[steps[i].number] = { index: outcome.index, leafHash: outcome.leafHash }
  }
}

/** Steps whose statement changes which key a signer has: what is signed with that key is sent when they stand. */
const changesKey = new Set(['admit', 'rotate'])

let [made, deposits, told] = [0, 0, 0]
let steps = []
let texts = []
let running = Promise.resolve()

async function flush() {
  const [sentSteps, sentTexts] = [steps, texts]
  steps = []
  texts = []
  // One group is signed while the one before is sequenced.
  await running
  running = sentSteps.length === 0 ? Promise.resolve() : sequence(sentSteps, sentTexts)
  running.catch(() => {})
  made += sentSteps.length
  if (made - told < 50_000) return
  told = made
  process.stderr.write(`  ${made.toLocaleString('en')} entries\n`)
}

/** Signers whose key comes to the ledger with the statements that are not sent yet. */
let fresh = new Set()
for (const step of plan(parameters)) {
  const isFresh = step.what !== 'admit' && fresh.has(step.signer)
  if (steps.length >= groupSize || isFresh) {
    await flush()
    fresh = new Set()
  }
  texts.push(compose[step.what](step))
  nextIndex++
  steps.push(step.what === 'deposit' ? { ...step, number: deposits++ } : step)
  if (changesKey.has(step.what)) fresh.add(step.signer)
}
await flush()
await running
await ledger.close()
process.exit(0)
