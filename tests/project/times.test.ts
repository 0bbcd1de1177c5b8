import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')

it('F-H9: a time is printed by one function, which never throws', () => {
  const files = ['src', 'cli', 'server'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  const printing = files.filter(
    (name) => name.endsWith('.ts') && readFileSync(join(root, name), 'utf8').includes('toISOString'),
  )
  expect(printing).toEqual([join('src', 'core', 'time.ts')])
})
