import { count, visible } from '../core/text.ts'
import { toHex } from '../core/base64.ts'
import { utf8 } from '../core/bytes.ts'
import { sha256 } from '../core/hash.ts'
import { verifyGuide } from '../package/verify-guide.ts'
import { tellRefusal } from '../told/refusal.ts'
import { marks, tell } from '../told/tell.ts'
import type { Fact, Told, ToldFinding } from '../told/told.ts'
import { whenTold } from '../told/when.ts'
import type { Block, ReportDocument, Section, SectionName, Value, Verdict } from './document.ts'
import { lawRows } from './law.ts'
import { commandKinds, type InputFile, type ReportedCheck, type ReportModel } from './model.ts'
import { english, plain, type ReportLanguages, type ReportWords, rows, type Said, Sayer } from './said.ts'

/** One check as it is told, in each language of the report. */
interface ToldCheck {
  readonly check: ReportedCheck
  readonly tolds: readonly Told[]
}

/** A report in the languages that are asked for: what every writer of a format writes. */
export function reportDocument(model: ReportModel, languages: ReportLanguages): ReportDocument {
  const sayer = new Sayer(languages)
  const say = (text: (report: ReportWords['report']) => string): Said => sayer.say(({ report }) => text(report))
  const checks = model.checks.map((check) => ({ check, tolds: sayer.tell((words) => toldOf(check, words)) }))
  const { failed, results } = model.selfTest
  const [bad, all] = [count(failed), count(results.length)]
  return {
    lang: sayer.tag,
    subject: model.subject,
    title: say(({ title }) => title),
    alarm:
      failed === 0
        ? undefined
        : { title: say((r) => r.selfTestFailed.title), text: say((r) => r.selfTestFailed.text(bad, all)) },
    intro: [
      say(({ printed }) => printed),
      say(({ local }) => local),
      ...(checks.length > 1 ? [say(({ severalIn }) => severalIn(count(checks.length)))] : []),
    ],
    verdicts: checks.map((one) => verdictOf(one, sayer)),
    refsLabel: say(({ refs }) => refs),
    sections: (Object.keys(writers) as SectionName[]).map((name) => ({
      name,
      title: say(({ section }) => section[name]),
      refs: refsOf(name, say),
      blocks: writers[name]({ model, checks, sayer, say }),
    })),
  }
}

function toldOf({ examined }: ReportedCheck, words: ReportWords['words']): Told {
  return examined.what === 'refused' ? tellRefusal(examined.path, examined.refusal, words) : tell(examined, words)
}

function verdictOf({ check, tolds }: ToldCheck, sayer: Sayer): Verdict {
  const { kind } = check.outcome
  return {
    kind,
    mark: marks[kind],
    title: sayer.of(tolds, ({ title }) => title),
    sentence: sayer.of(tolds, ({ sentence }) => sentence),
    notices: rows(tolds, (told) => told.notices).map((line) => across(sayer, tolds, line)),
    subject: {
      label: sayer.of(tolds, ({ subject }) => subject.label),
      value: name((tolds[0] as Told).subject.value),
    },
    exit: sayer.say(({ report }) => report.exit(String(check.exit))),
  }
}

interface Writing {
  readonly model: ReportModel
  readonly checks: readonly ToldCheck[]
  readonly sayer: Sayer
  /** A text of the report's own catalogue, in each language. */
  readonly say: (text: (report: ReportWords['report']) => string) => Said
}

const name = (text: string): Value => ({ as: 'name', text })
const hash = (text: string): Value => ({ as: 'hash', text })
const said = (value: Said): Value => ({ as: 'said', said: value })
const text = (value: Said): Block => ({ is: 'text', said: value })

/** What each section says, in the order of the sections. */
const writers: Readonly<Record<SectionName, (writing: Writing) => Block[]>> = {
  assignment,
  material,
  method,
  findings,
  people,
  limits,
  later,
  selfTest,
  again,
  law,
  declaration,
}

function assignment({ say }: Writing): Block[] {
  const blank = (label: keyof ReportWords['report']['assignment'], lines = 1): Block => ({
    is: 'blank',
    label: say((report) => report.assignment[label]),
    lines,
  })
  return [
    ...(['case', 'authority', 'by', 'date', 'expert', 'qualification', 'institution', 'place'] as const).map((label) =>
      blank(label),
    ),
    blank('received', 2),
    blank('interest'),
    blank('questions', 5),
  ]
}

function material({ model, say }: Writing): Block[] {
  const { inputs, policy } = model
  const isMeasured = inputs.some(({ measured, role }) => role === 'checked' && measured !== undefined)
  return [
    {
      is: 'table',
      head: (['role', 'name', 'size', 'sha256'] as const).map((head) => say((report) => report.material[head])),
      rows: inputs.map((input) => [
        said(say((report) => report.material.roles[input.role])),
        name(visible(input.name)),
        said(measuredText(input, say)),
        input.measured === undefined ? said(plain('–')) : hash(input.measured.sha256),
      ]),
    },
    ...(isMeasured ? [text(say((report) => report.material.measured))] : []),
    {
      is: 'facts',
      rows: [
        {
          label: say((report) => report.material.policy),
          value: said(say((report) => report.material.policyFrom[policy.from])),
        },
        ...(policy.fingerprint === undefined
          ? []
          : [{ label: say((report) => report.material.fingerprint), value: hash(policy.fingerprint) }]),
      ],
    },
    ...(policy.from === 'none' ? [] : [text(say((report) => report.material.compare))]),
  ]
}

function measuredText({ measured, isFolder }: InputFile, say: Writing['say']): Said {
  if (measured !== undefined) return plain(count(measured.size))
  return say(({ material: { folder, unread } }) => (isFolder ? folder : unread))
}

function method({ model, say }: Writing): Block[] {
  const { program, ranAt } = model
  const keys = ['read', 'checkpoint', 'inclusion', 'statement', 'file', 'besides'] as const
  return [
    { is: 'list', isOrdered: true, items: keys.map((key) => say((report) => report.method.steps[key])) },
    {
      is: 'facts',
      rows: [
        { label: say((report) => report.method.program), value: name('evidence') },
        { label: say((report) => report.method.version), value: said(plain(visible(program.version))) },
        ...(program.file === undefined
          ? [{ label: say((report) => report.method.file), value: said(say((report) => report.method.manyFiles)) }]
          : [
              { label: say((report) => report.method.file), value: name(visible(program.file.name)) },
              { label: say((report) => report.method.fileSha256), value: hash(program.file.sha256) },
            ]),
        { label: say((report) => report.method.runtime), value: said(plain(visible(program.runtime))) },
        { label: say((report) => report.method.machine), value: said(plain(visible(program.machine))) },
        { label: say((report) => report.method.ranAt), value: said(plain(whenTold(ranAt))) },
        { label: say((report) => report.method.spec), value: said(say((report) => report.method.specIs)) },
      ],
    },
  ]
}

/** What stands for each check of several: its name as a heading, where there is more than one. */
function perCheck({ checks }: Writing, blocks: (one: ToldCheck) => Block[]): Block[] {
  if (checks.length === 1) return blocks(checks[0] as ToldCheck)
  return checks.flatMap((one) => [
    { is: 'heading', said: plain((one.tolds[0] as Told).subject.value) } satisfies Block,
    ...blocks(one),
  ])
}

function findings(writing: Writing): Block[] {
  const { sayer, say } = writing
  return perCheck(writing, ({ check, tolds }) => {
    const [first] = tolds as [Told]
    const steps = rows(tolds, (told) => told.steps)
    const files = rows(tolds, (told) => told.files)
    const path = rows(tolds, (told) => told.path)
    const verdict = say(({ findings }) => findings.verdict)
    return [
      {
        is: 'facts',
        rows: [
          { label: say((report) => report.findings.checked), value: name(first.subject.value) },
          { label: verdict, value: said(sayer.of(tolds, ({ title }) => `${marks[check.outcome.kind]} ${title}`)) },
          { label: verdict, value: said(sayer.of(tolds, ({ sentence }) => sentence)) },
        ],
      },
      ...rows(tolds, (told) => told.summary).map((lines) => text(across(sayer, tolds, lines))),
      ...table(
        [say((report) => report.findings.step), say((report) => report.findings.result)],
        steps.map((step) => [
          said(
            across(
              sayer,
              tolds,
              step.map((one) => one.text),
            ),
          ),
          said(
            across(
              sayer,
              tolds,
              step.map((one) => one.word),
            ),
          ),
        ]),
      ),
      ...found(
        writing,
        tolds,
        (told) => told.faults,
        say((report) => report.findings.faults),
      ),
      ...found(
        writing,
        tolds,
        (told) => told.unjudged,
        say((report) => report.findings.unjudged),
      ),
      ...table(
        [say((report) => report.findings.files), say((report) => report.findings.state)],
        files.map((file) => [
          name((file[0] as Told['files'][number]).name),
          said(
            across(
              sayer,
              tolds,
              file.map((one) => one.state),
            ),
          ),
        ]),
      ),
      ...(path.length === 0 ? [] : [{ is: 'heading', said: say((report) => report.findings.path) } satisfies Block]),
      ...table(
        [],
        path.map((node) => {
          const { value, holds } = node[0] as Told['path'][number]
          return [
            said(
              across(
                sayer,
                tolds,
                node.map((one) => one.label),
              ),
            ),
            looksHashed(value) ? hash(value) : name(value),
            said(say(({ findings }) => (holds ? findings.holds : findings.broken))),
          ]
        }),
      ),
    ]
  })
}

/** One text of each language of what was told, put together. */
function across(sayer: Sayer, tolds: readonly Told[], texts: readonly string[]): Said {
  return sayer.of(tolds, (told) => texts[tolds.indexOf(told)] as string)
}

function looksHashed(value: string): boolean {
  return /^(?:[0-9a-f]{64}|[A-Za-z0-9+/]{43}=)$/.test(value)
}

/** A table, where it has rows. */
function table(head: readonly Said[], lines: readonly (readonly Value[])[]): Block[] {
  return lines.length === 0 ? [] : [{ is: 'table', head, rows: lines }]
}

/** Findings, one by one: the sentence in each language, then the program's own words, what was expected and what was found. */
function found(
  { sayer, say }: Writing,
  tolds: readonly Told[],
  list: (told: Told) => readonly ToldFinding[],
  heading: Said,
): Block[] {
  const all = rows(tolds, list)
  if (all.length === 0) return []
  return [
    { is: 'heading', said: heading },
    ...all.flatMap((finding): Block[] => {
      const { code, message, file, where, expected, found } = finding[0] as ToldFinding
      const facts: { label: Said; value: Value }[] = [
        { label: plain(code), value: said(english(message)) },
        ...(file === undefined ? [] : [{ label: say((r) => r.findings.checked), value: name(file) }]),
        ...(where === undefined || where === file ? [] : [{ label: plain('→'), value: name(where) }]),
        ...(expected === undefined
          ? []
          : [{ label: sayer.say(({ words }) => words.check.facts.expected), value: wordy(expected) }]),
        ...(found === undefined
          ? []
          : [{ label: sayer.say(({ words }) => words.check.facts.found), value: wordy(found) }]),
      ]
      return [
        {
          is: 'text',
          said: across(
            sayer,
            tolds,
            finding.map((one) => one.sentence),
          ),
        },
        { is: 'facts', rows: facts },
      ]
    }),
  ]
}

function wordy(value: string): Value {
  return looksHashed(value) ? hash(value) : name(value)
}

function people(writing: Writing): Block[] {
  const { sayer, say } = writing
  return perCheck(writing, ({ tolds }) => {
    const groups = [
      [sayer.say(({ words }) => words.check.who), (told: Told) => told.who],
      [sayer.say(({ words }) => words.check.when), (told: Told) => told.when],
      [sayer.say(({ words }) => words.check.word), (told: Told) => told.word],
    ] as const
    return groups.flatMap(([heading, list]): Block[] => [
      { is: 'heading', said: heading },
      factsOf(rows(tolds, list), sayer, tolds) ?? text(say((report) => report.people.nothing)),
    ])
  })
}

/** Labelled lines in each language; undefined where there is none. */
function factsOf(facts: readonly (readonly Fact[])[], sayer: Sayer, tolds: readonly Told[]): Block | undefined {
  if (facts.length === 0) return undefined
  return {
    is: 'facts',
    rows: facts.map((fact) => {
      const label = across(
        sayer,
        tolds,
        fact.map((one) => one.label),
      )
      const value = across(
        sayer,
        tolds,
        fact.map((one) => one.value),
      )
      const { isHash, value: own } = fact[0] as Fact
      if (isHash === true) return { label, value: hash(own) }
      return { label, value: value.length === 1 && value[0]?.lang === undefined ? name(own) : said(value) }
    }),
  }
}

function limits(writing: Writing): Block[] {
  const { sayer, say } = writing
  return perCheck(writing, ({ check, tolds }) => {
    const isFault = check.outcome.kind === 'broken' || check.outcome.kind === 'differs'
    const own = rows(tolds, (told) => told.limits).map((lines) => across(sayer, tolds, lines))
    const always = (['person', 'truth'] as const).map((limit) => sayer.say(({ words }) => words.check.limits[limit]))
    return [
      {
        is: 'list',
        items: [
          ...(own.length === 0 ? always : own),
          ...(isFault ? [say((report) => report.limits.fault)] : []),
          say((report) => report.limits.receipts),
          say((report) => report.limits.rebuttable),
        ],
      },
    ]
  })
}

function later(writing: Writing): Block[] {
  const { sayer } = writing
  return perCheck(writing, ({ check, tolds }) => {
    const lines = rows(tolds, (told) => told.later).map((line) => across(sayer, tolds, line))
    if (lines.length > 0) return [{ is: 'list', items: lines }]
    const standing = check.outcome.standing
    const none = sayer.say(({ words }) => words.check.later.notAsked)
    return [text(standing === undefined || standing === 'not-asked' ? none : english(standing))]
  })
}

function selfTest({ model, say }: Writing): Block[] {
  const { results, failed, setSha256 } = model.selfTest
  const all = count(results.length)
  const held = count(results.length - Math.min(failed, results.length))
  return [
    text(say((report) => report.selfTest.intro(all))),
    {
      is: 'facts',
      rows: [
        {
          label: say((report) => report.findings.result),
          value: said(say((report) => report.selfTest.held(held, all))),
        },
        { label: say((report) => report.selfTest.set), value: hash(setSha256) },
      ],
    },
    text(say((report) => report.selfTest.how)),
    ...table(
      (['vector', 'expected', 'found'] as const)
        .map((head) => say((report) => report.selfTest[head]))
        .concat([say((report) => report.findings.result)]),
      results.map((one) => [
        name(visible(one.name)),
        name(visible(one.expected)),
        name(visible(one.found)),
        said(say(({ findings }) => (one.holds ? findings.holds : findings.broken))),
      ]),
    ),
    text(say((report) => report.selfTest.limit)),
  ]
}

function again({ model, say }: Writing): Block[] {
  const hasGuide = model.commands.some(({ what }) => what === 'guide' || what === 'pack')
  return [
    text(say((report) => report.again.intro)),
    ...commandKinds.flatMap((kind) =>
      model.commands
        .filter(({ what }) => what === kind)
        .map(({ line }): Block => ({ is: 'command', label: say((r) => r.again.what[kind]), line: visible(line) })),
    ),
    text(say((report) => report.again.unaided)),
    ...(hasGuide
      ? [
          {
            is: 'facts',
            rows: [{ label: say((r) => r.again.guideSha256), value: hash(toHex(sha256(utf8(verifyGuide)))) }],
          } satisfies Block,
        ]
      : []),
  ]
}

function law({ say }: Writing): Block[] {
  return [
    text(say((report) => report.law.intro)),
    {
      is: 'table',
      head: (['ref', 'asks', 'where'] as const).map((head) => say((report) => report.law[head])),
      rows: lawRows.map(({ profile, article, asks, sections, isOpen }) => [
        said(say(({ law }) => refText(law, profile, article))),
        said(say((report) => report.law.items[asks])),
        said(
          say((report) =>
            [...sections.map((section) => report.section[section]), ...(isOpen ? [report.law.blank] : [])].join('; '),
          ),
        ),
      ]),
    },
    ...lawRows
      .filter(({ sections, isOpen }) => isOpen && sections.length === 0)
      .map(
        ({ asks, profile, article }): Block => ({
          is: 'blank',
          label: say(({ law }) => `${refText(law, profile, article)}: ${law.items[asks]}`),
          lines: 2,
        }),
      ),
  ]
}

function refText(words: ReportWords['report']['law'], profile: keyof typeof words.profiles, article?: string): string {
  return [words.profiles[profile], ...(article === undefined ? [] : [words.article(article)])].join(' ')
}

/** The references of one section, each once. */
function refsOf(section: SectionName, say: Writing['say']): Section['refs'] {
  const own = lawRows.filter(({ sections }) => sections.includes(section))
  const all = own.map(({ profile, article }) => say(({ law }) => refText(law, profile, article)))
  const keys = all.map((ref) => JSON.stringify(ref))
  return all.filter((_ref, i) => keys.indexOf(keys[i] as string) === i)
}

function declaration({ say }: Writing): Block[] {
  const blank = (label: 'opinion' | 'name' | 'date' | 'signature' | 'second', lines: number): Block => ({
    is: 'blank',
    label: say((report) => report.declaration[label]),
    lines,
  })
  return [
    text(say((report) => report.declaration.text)),
    blank('opinion', 6),
    blank('name', 1),
    blank('date', 1),
    blank('signature', 3),
    blank('second', 2),
  ]
}
