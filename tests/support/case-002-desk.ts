import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { utf8 } from '../../src/core/bytes.ts'
import type { Disclosure } from '../../src/core/disclosure.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { createKeyFile } from '../../src/node/key-file.ts'
import type { SealedClaim } from '../../src/statements/vocabulary.ts'
import { temporaryFolder } from './folder.ts'
import { type Answer, type Party, problemIn, showing, type TestServer, testServer } from './server.ts'

/* What the play of case-002 needs: a server, the participants with their key files, a copy of the evidence, and what was entered. */

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

/** Sealed claims that the play's own receipt of an entry shows. */
export function claimsOf(desk: Desk, name: string, claims: readonly string[]): Disclosure[] {
  return parseReceipt(utf8(entered(desk, name).receipt)).disclosures.filter(({ claim }) => claims.includes(claim))
}

/** What an answer to a statement comes to. */
export function outcomeOf(answer: Answer): Outcome {
  if (answer.status >= 300) return { refused: problemIn(answer).code }
  const { index, leafHash, receipt = '' } = answer.json<DepositAnswer>()
  return { index, leafHash, receipt }
}

/** Sends a statement, and shows receipts of the play beside it. */
export function send(desk: Desk, presentation: string, shows: readonly string[] = []): Promise<Answer> {
  const header = shows.length === 0 ? {} : showing(...shows.map((name) => entered(desk, name).receipt))
  return desk.server.post(presentation, header)
}

/** Writes a receipt beside a file or folder of the case, as the command line does. */
export function keepReceipt({ evidence }: Desk, file: string, receipt: string): void {
  const path = join(evidence, `${file}.tlog-proof`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, receipt)
}
