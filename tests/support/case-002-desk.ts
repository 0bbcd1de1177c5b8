import { createHash, randomUUID } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { type Disclosure, makeDisclosure } from '../../src/core/disclosure.ts'
import { leafHash } from '../../src/core/entry.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { createKeyFile, randomSalt } from '../../src/node/key-file.ts'
import { composeStatement } from '../../src/statements/compose.ts'
import type { SealedClaim } from '../../src/statements/vocabulary.ts'
import { type CliError, type CliResult, evidence } from './cli.ts'
import { releaseBy, transferMembers } from './custody.ts'
import { temporaryFolder } from './folder.ts'
import { type Answer, type Party, problemIn, showing, type TestServer, testServer } from './server.ts'

/** What the play of case-002 needs: a server, the participants with their key files, a copy of the evidence, and what was entered. */

/** Who takes part, by the name that the play gives them. */
export type Who =
  | 'police'
  | 'lab'
  | 'notary'
  | 'platform'
  | 'procuratorate'
  | 'court'
  | 'defence'
  | 'operator'
  | 'auditor'
  | 'administrator'

/** How a participant is admitted. */
export interface Part {
  readonly id: string
  readonly type: string
  readonly roles: readonly string[]
  readonly identifiedBy: string
  /** In clear, or sealed where the participant is a person. */
  readonly name: string
}

/** All who are admitted; the administrator is there from the start. */
export type Cast = Readonly<Record<Exclude<Who, 'administrator'>, Part>>

interface Actor extends Party {
  readonly keyFile: string
}

type Sealed = Partial<Record<SealedClaim, JsonValue>>

/** An entry that the play made. */
export interface Entered {
  readonly index: number
  readonly leafHash: string
  readonly receipt: string
}

export interface Desk {
  readonly server: TestServer
  /** Folder that holds the copy of the case and what is made beside it. */
  readonly path: string
  /** The copy of fixtures/case-002. */
  readonly evidence: string
  readonly people: Readonly<Record<Who, Actor>>
  /** By the name that a step gave. */
  readonly entries: Map<string, Entered>
  readonly close: () => Promise<void>
}

/** What a step came to. */
export type Outcome = Entered | { readonly refused: string }

/** One thing that somebody does. */
export interface Step {
  readonly by: Who
  /** In words, after the name of who does it. */
  readonly does: string
  /** Name of the entry that it makes. */
  readonly entry?: string
  /** Code by which the server refuses it, where it does. */
  readonly refused?: string
  readonly run: (desk: Desk) => Promise<Outcome>
}

/** What every step may say besides what it does. */
export interface Told {
  readonly does: string
  readonly entry?: string
  readonly refused?: string
  readonly sealed?: Sealed
  /** Entries whose receipts the sender shows: of what it may not read. */
  readonly shows?: readonly string[]
}

const fixture = fileURLToPath(new URL('../../fixtures/case-002', import.meta.url))

/** A server that participants read, the cast admitted to it, and a copy of the evidence files. */
export async function openDesk(cast: Cast): Promise<Desk> {
  const server = await testServer({ reading: 'participants' })
  const { path, remove } = temporaryFolder()
  const copy = join(path, 'case-002')
  cpSync(fixture, copy, { recursive: true })
  const administrator = { ...server.administrator, keyFile: server.folder.folder.administratorKey }
  const people = { administrator } as Record<Who, Actor>
  for (const [who, part] of Object.entries(cast)) people[who as Who] = await admit(server, part, path)
  return {
    server,
    path,
    evidence: copy,
    people,
    entries: new Map(),
    close: async () => {
      await server.remove()
      remove()
    },
  }
}

async function admit(server: TestServer, { identifiedBy, name, ...part }: Part, path: string): Promise<Actor> {
  const keyFile = join(path, `${part.id}.pem`)
  const key = createKeyFile(keyFile)
  const isPerson = part.type === 'lawyer'
  const participant = { ...part, keys: [key.jwk], ...(isPerson ? {} : { name }) }
  const sealed: Sealed = isPerson ? { names: name, note: 'letter of authority seen' } : {}
  await server.administer('participant.admit', { participant, identifiedBy }, { sealed })
  return { id: part.id, key, keyFile }
}

/** Plays a step. Throws where it does not come to what the step says. */
export async function play(desk: Desk, { by, does, entry, refused, run }: Step): Promise<void> {
  const outcome = await run(desk)
  const code = 'refused' in outcome ? outcome.refused : undefined
  if (code !== refused) throw new Error(`${by} ${does}: ${code ?? 'taken'}, and not ${refused ?? 'taken'}`)
  if (entry !== undefined && !('refused' in outcome)) desk.entries.set(entry, outcome)
}

export function entered(desk: Desk, name: string): Entered {
  const found = desk.entries.get(name)
  if (found === undefined) throw new Error(`no step made "${name}" so far`)
  return found
}

interface Reference {
  readonly index: number
  readonly leafHash: string
  readonly item?: number
  readonly line?: number
}

/** An entry of the play, or with a path after a colon the file of that path in a folder, `image:extracted/cookies.txt`. */
export function referenceTo(desk: Desk, what: string): Reference {
  const [name = '', file] = what.split(':')
  const { index, leafHash } = entered(desk, name)
  if (file === undefined) return { index, leafHash }
  const lines = readFileSync(join(desk.evidence, `${name}.evidence-manifest`), 'utf8').split('\n')
  const line = lines.findIndex((text) => text.slice(66) === file)
  if (line < 0) throw new Error(`the manifest of ${name} has no ${file}`)
  return { index, leafHash, item: 0, line }
}

/** Options by which the command line acts for somebody. */
export function asWho({ server, people }: Desk, who: Who): string[] {
  const { id, keyFile } = people[who]
  return ['--url', server.url, '--policy', server.folder.folder.policy, '--key', keyFile, '--id', id]
}

/** What is deposited by `evidence deposit`. */
export interface Deposits extends Told {
  readonly entry: string
  readonly paths: readonly string[]
  readonly category: string
  readonly collection?: Readonly<Record<string, JsonValue>>
  readonly note?: string
  /** A code and the receipt of what it relates to, below the case. */
  readonly relates?: string
}

/** Somebody deposits files or a folder by the command line, under the number of the case. */
export function deposits(by: Who, number: string, what: Deposits): Step {
  const { does, entry, paths, category, note, relates, collection = {} } = what
  return {
    by,
    does,
    entry,
    run: async (desk) => {
      const told = join(desk.path, `${entry}.collection.json`)
      writeFileSync(told, JSON.stringify(collection))
      const result = await evidence(
        [
          'deposit',
          ...paths,
          '--case',
          number,
          '--category',
          category,
          '--collection',
          told,
          '--json',
          ...(note === undefined ? [] : ['--note', note]),
          ...(relates === undefined ? [] : ['--relates', relates]),
          ...asWho(desk, by),
        ],
        { cwd: desk.evidence },
      )
      return deposited(desk, result)
    },
  }
}

function deposited(desk: Desk, result: CliResult): Outcome {
  if (result.code !== 0) return { refused: result.json<CliError>().error.code }
  const [one] = result.json<{ deposits: { receipts: string[] }[] }>().deposits
  const receipt = readFileSync(join(desk.evidence, one?.receipts[0] ?? ''), 'utf8')
  const { entry, entryBytes } = parseReceipt(utf8(receipt))
  return { index: entry.index, leafHash: toBase64(leafHash(entryBytes)), receipt }
}

/** Sealed claims that the play's own receipt of an entry shows. */
export function claimsOf(desk: Desk, name: string, claims: readonly string[]): Disclosure[] {
  return parseReceipt(utf8(entered(desk, name).receipt)).disclosures.filter(({ claim }) => claims.includes(claim))
}

function outcomeOf(answer: Answer): Outcome {
  if (answer.status >= 300) return { refused: problemIn(answer).code }
  const { index, leafHash, receipt = '' } = answer.json<DepositAnswer>()
  return { index, leafHash, receipt }
}

function send(desk: Desk, presentation: string, shows: readonly string[] = []): Promise<Answer> {
  const header = shows.length === 0 ? {} : showing(...shows.map((name) => entered(desk, name).receipt))
  return desk.server.post(presentation, header)
}

/** Somebody signs a statement of a kind; `members` makes its own members when its turn comes. */
export function says(by: Who, kind: string, told: Told, members: (desk: Desk) => object = () => ({})): Step {
  const { sealed, shows, ...rest } = told
  return {
    by,
    ...rest,
    run: async (desk) => {
      const more = sealed === undefined ? {} : { sealed }
      return outcomeOf(
        await send(desk, desk.server.sign(desk.people[by], kind, members(desk), more).presentation, shows),
      )
    },
  }
}

/** A rule of access about entries of the play, for others where it is a grant. */
export function rules(
  by: Who,
  rule: string,
  of: readonly string[],
  basis: string,
  told: Told & { readonly to?: readonly Who[] },
): Step {
  const { to, shows, ...rest } = told
  return {
    by,
    ...rest,
    run: async (desk) => {
      const ids = to === undefined ? {} : { to: to.map((who) => desk.people[who].id) }
      const terms = { rule, of: of.map((name) => referenceTo(desk, name)), basis, ...ids } as never
      const statement = desk.server.sign(desk.people[by], 'access.rule', {}, { sealed: { terms } })
      return outcomeOf(await send(desk, statement.presentation, shows))
    },
  }
}

/** Several rules at once, so that nobody reads between them; the step's entry is the last. */
export function rulesTogether(
  by: Who,
  of: readonly string[],
  basis: string,
  told: Told,
  together: readonly string[],
): Step {
  const run = async (desk: Desk): Promise<Outcome> => {
    const references = of.map((name) => referenceTo(desk, name))
    const lines = together.map((rule) => {
      const terms = { rule, of: references, basis } as never
      return desk.server.sign(desk.people[by], 'access.rule', {}, { sealed: { terms } }).presentation
    })
    const answers = await desk.server.batch(lines)
    const refused = answers.find(({ code }) => code !== undefined)
    if (refused !== undefined) return { refused: refused.code }
    const { index, leafHash, receipt = '' } = answers.at(-1) as DepositAnswer
    return { index, leafHash, receipt }
  }
  return { by, ...told, run }
}

/** How something passes from one to another. */
export interface HandOver extends Told {
  readonly from: Who
  readonly exhibits: readonly string[]
  readonly offer: Readonly<Record<string, JsonValue>>
  readonly outcome?: 'accepted' | 'rejected'
  readonly reason?: string
  readonly checked?: readonly string[]
  readonly inLieu?: string
}

/** A giver releases exhibits, and `by` signs whether it takes them over. The one place where the play composes custody. */
export function takesOver(by: Who, hand: HandOver): Step {
  const { does, entry, refused } = hand
  const told = { by, does, ...(entry === undefined ? {} : { entry }), ...(refused === undefined ? {} : { refused }) }
  return { ...told, run: (desk) => handOver(desk, by, hand) }
}

async function handOver(desk: Desk, by: Who, hand: HandOver): Promise<Outcome> {
  const { from, exhibits, offer, outcome = 'accepted', reason, inLieu, sealed = {} } = hand
  const { server, people } = desk
  const salt = randomSalt(16)
  const iat = Math.floor(Date.now() / 1000)
  const release = releaseBy(people[from].key, {
    aud: server.origin,
    iss: people[from].id,
    to: people[by].id,
    exhibits: exhibits.map((name) => referenceTo(desk, name)),
    since: (await server.size()) - 1,
    iat,
    ...(inLieu === undefined ? {} : { inLieu }),
    _sd: [makeDisclosure(salt, 'offer', offer).digest],
    _sd_alg: 'sha-256',
  })
  if (inLieu === undefined) await tellOffer(desk, hand, release, iat + 86_400)
  const checked = hand.checked === undefined ? {} : { checked: hand.checked }
  const members = transferMembers(release, outcome, exhibits.length, { ...checked, ...(reason && { reason }) })
  const context = { iss: people[by].id, aud: server.origin, jti: randomUUID(), iat, kind: 'custody.transfer' }
  // The giver's claim has the giver's salt, and stands first.
  const salts = [salt]
  const statement = composeStatement(context, members, { offer, ...sealed }, people[by].key, (count) => {
    return salts.pop() ?? randomSalt(count)
  })
  return outcomeOf(await send(desk, statement.presentation, hand.shows))
}

/** The giver enters that it offered the exhibits. */
async function tellOffer(desk: Desk, { from, exhibits }: HandOver, release: string, exp: number): Promise<void> {
  for (const name of exhibits) {
    const digest = createHash('sha256').update(release).digest('base64url')
    const members = { of: referenceTo(desk, name), event: 'offered', release: { digest, exp } }
    const { presentation } = desk.server.sign(desk.people[from], 'evidence.event', members)
    const outcome = outcomeOf(await send(desk, presentation))
    if ('refused' in outcome) throw new Error(`the offer of ${name} was refused: ${outcome.refused}`)
  }
}

/** An authority orders claims of an entry of the play to be erased. */
export function ordersErasure(by: Who, target: string, claims: readonly SealedClaim[], told: Told): Step {
  return says(by, 'erasure.order', told, (desk) => ({
    of: [{ ...referenceTo(desk, target), digests: claimsOf(desk, target, claims).map(({ digest }) => digest) }],
  }))
}

/** Writes a receipt beside a file or folder of the case, as the command line does. */
export function keepReceipt({ evidence }: Desk, file: string, receipt: string): void {
  const path = join(evidence, `${file}.tlog-proof`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, receipt)
}
