import type { deposit } from '../../src/words/en/deposit.ts'

/** A field of the sealed claim `collection`, by its name in the form. */
export type Field = keyof (typeof deposit)['form']['fields']

const always: readonly Field[] = [
  'exhibit',
  'description',
  'place',
  'start',
  'end',
  'officers',
  'witness',
  'noWitnessBecause',
  'method',
]
const byTool: readonly Field[] = ['tool', 'toolVersion', 'process']
const ofMedium: readonly Field[] = ['medium', 'serial', 'condition', 'seal']

/** What the record of each category of electronic data asks for, in the order of the record and its list. */
const byCategory: Readonly<Record<string, readonly Field[]>> = {
  published: ['url', ...always, ...byTool],
  communication: ['account', ...always, ...byTool, 'notHeldBecause'],
  'account-log': ['account', 'url', ...always, ...byTool, 'notHeldBecause'],
  file: [...always, ...byTool, 'notHeldBecause'],
  'image-of-medium': [...ofMedium, ...always, ...byTool],
  medium: [...ofMedium, ...always],
  capture: ['url', 'account', ...always, ...byTool],
}

/** The fields that a form shows for a category; of one that is not stated, those that every record has. */
export function fieldsOf(category: string): readonly Field[] {
  return byCategory[category] ?? always
}
