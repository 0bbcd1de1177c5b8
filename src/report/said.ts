import type { Told } from '../told/told.ts'
import { inLanguage, type Language, tagOf, type Words, wordsOf } from '../words/index.ts'
import { report as reportEn } from '../words/en/report.ts'
import { report as reportZh } from '../words/zh/report.ts'

/** A text in each language of a report, in their order; one text where all say the same. */
export type Said = readonly SaidIn[]
export interface SaidIn {
  /** The value of `lang`; undefined of what is in no language: a number, a name, a time. */
  readonly lang: string | undefined
  readonly text: string
}

/** The catalogues of one language of a report. */
export interface ReportWords {
  readonly language: Language
  readonly words: Words
  readonly report: typeof reportEn
}

/** The languages of a report, in the order in which each text stands. */
export const reportLanguages = { zh: ['zh'], en: ['en'], both: ['zh', 'en'] } as const satisfies Record<
  string,
  readonly Language[]
>
export type ReportLanguages = keyof typeof reportLanguages

/** Says things in each language of a report. */
export class Sayer {
  private readonly all: readonly ReportWords[]
  constructor(languages: ReportLanguages) {
    this.all = reportLanguages[languages].map((language) => ({
      language,
      words: wordsOf(language),
      report: inLanguage(language, reportEn, reportZh),
    }))
  }

  /** The first language's value of `lang`: that of the whole document. */
  get tag(): string {
    return tagOf((this.all[0] as ReportWords).language)
  }

  /** One text by the catalogues of each language. */
  say(text: (words: ReportWords) => string): Said {
    return together(this.all.map((one) => ({ lang: tagOf(one.language), text: text(one) })))
  }

  /** What a check says in each language. */
  tell(told: (words: Words) => Told): readonly Told[] {
    return this.all.map(({ words }) => told(words))
  }

  /** One text out of what was told in each language. */
  of(tolds: readonly Told[], text: (told: Told) => string): Said {
    return together(tolds.map((told, i) => ({ lang: tagOf((this.all[i] as ReportWords).language), text: text(told) })))
  }
}

/** What is told in lists, place by place: one row of each language's elements for each element. */
export function rows<T>(tolds: readonly Told[], list: (told: Told) => readonly T[]): T[][] {
  const lists = tolds.map(list)
  return (lists[0] ?? []).map((_one, i) => lists.map((one) => one[i] as T))
}

function together(texts: readonly SaidIn[]): Said {
  const [first] = texts
  if (first === undefined || texts.length === 1 || texts.some(({ text }) => text !== first.text)) return texts
  return [{ lang: undefined, text: first.text }]
}

/** A text that is in no language. */
export function plain(text: string): Said {
  return [{ lang: undefined, text }]
}

/** The program's own words, which are English. */
export function english(text: string): Said {
  return [{ lang: 'en', text }]
}
