import type { report } from '../words/en/report.ts'
import type { SectionName } from './document.ts'

type Profile = keyof typeof report.law.profiles
type Question = keyof typeof report.law.items

/** What a text of law asks, and which sections say something of it. */
export interface LawRow {
  readonly profile: Profile
  /** The number of an article or rule, as a reference that the reader confirms; undefined of a text as a whole. */
  readonly article: string | undefined
  readonly asks: Question
  readonly sections: readonly SectionName[]
  /** Whether something of it is left blank, for the expert to state by other means than this check. */
  readonly isOpen: boolean
}

/** In the order of each text. */
export const lawRows: readonly LawRow[] = [
  { profile: 'litigation', article: '16', asks: 'match', sections: ['findings', 'limits'], isOpen: false },
  { profile: 'litigation', article: '17(1)', asks: 'platform', sections: [], isOpen: true },
  { profile: 'litigation', article: '17(2)', asks: 'interest', sections: ['assignment'], isOpen: true },
  { profile: 'litigation', article: '17(3)', asks: 'system', sections: [], isOpen: true },
  { profile: 'litigation', article: '17(4)', asks: 'storage', sections: ['method', 'people'], isOpen: true },
  { profile: 'litigation', article: '18', asks: 'before', sections: ['people', 'limits'], isOpen: true },
  { profile: 'litigation', article: '19', asks: 'expert', sections: ['declaration'], isOpen: true },
  { profile: 'fre', article: '902(13)', asks: 'process', sections: ['method', 'selfTest', 'again'], isOpen: false },
  { profile: 'fre', article: '902(14)', asks: 'identified', sections: ['material'], isOpen: false },
  { profile: 'fre', article: '902(14)', asks: 'qualified', sections: ['assignment', 'declaration'], isOpen: true },
  { profile: 'fre', article: '902(14)', asks: 'values', sections: ['material', 'findings'], isOpen: false },
  { profile: 'iso', article: undefined, asks: 'custody', sections: ['assignment', 'material'], isOpen: true },
]
