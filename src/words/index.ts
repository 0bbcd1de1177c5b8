import { check as checkEn } from './en/check.ts'
import { page as pageEn } from './en/page.ts'
import { pseudo } from './pseudo.ts'
import { check as checkZh } from './zh/check.ts'
import { page as pageZh } from './zh/page.ts'

/** Languages of the faces; `zz` is English with every text marked, for tests. */
export const languages = ['zh', 'en', 'zz'] as const
export type Language = (typeof languages)[number]

/** What a check and the page around it say, in one language. */
export interface Words {
  readonly check: typeof checkEn
  readonly page: typeof pageEn
}

const english: Words = { check: checkEn, page: pageEn }
const chinese: Words = { check: checkZh, page: pageZh }

/** The catalogues of a language. */
export function wordsOf(language: Language): Words {
  return inLanguage(language, english, chinese)
}

/** One of two catalogues that say the same, by language; a face that is loaded apart has its own two. */
export function inLanguage<T>(language: Language, en: T, zh: T): T {
  if (language === 'zh') return zh
  return language === 'en' ? en : pseudo(en)
}

/** The value of `lang` for texts of a language. */
export function tagOf(language: Language): string {
  return language === 'zh' ? 'zh-CN' : language === 'en' ? 'en' : 'en-x-pseudo'
}

/** The language for a reader: what was asked for, else the first of the reader's languages that is one of ours, else English. */
export function languageFor(asked: string | undefined, preferred: readonly string[]): Language {
  const wanted = languages.find((language) => language === asked)
  if (wanted !== undefined) return wanted
  for (const tag of preferred) {
    if (/^zh\b/i.test(tag)) return 'zh'
    if (/^en\b/i.test(tag)) return 'en'
  }
  return 'en'
}
