import type { Admission } from '../../src/check/steps/admission.ts'
import { when } from './when.ts'

/** An admission on one line, for people. */
export function admissionLine(id: string, { name, type, roles, index, time, by }: Admission): string {
  const called = name === undefined ? 'under a name that is not shown to you' : `as ${JSON.stringify(name)}`
  const what = [...(type === undefined ? [] : [type]), ...roles].join(', ')
  return `${id} was admitted ${called} (${what}) by entry ${index} at ${when(time)}, signed by ${by.iss} with key ${by.kid}`
}
