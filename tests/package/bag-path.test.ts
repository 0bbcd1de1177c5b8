import { describe, expect, it } from 'vitest'
import { BagPaths, bagPathFault, foldedPath } from '../../src/package/bag-path.ts'
import { FilePaths } from '../../src/package/file-paths.ts'

describe('a path in a package', () => {
  it.each(['a', 'data/deposits/001/files/说明 (第1份).txt', '.hidden', 'a..b', 'console', 'com10', 'x'.repeat(255)])(
    'may be %j',
    (path) => expect(bagPathFault(path)).toBeUndefined(),
  )

  it.each([
    '',
    '/',
    'a/',
    '/a',
    '..',
    'a/../b',
    '.',
    './a',
    'a\\b',
    'C:',
    'a\0',
    'a\u0085b',
    'a\u2028b',
    'con',
    'CON.txt',
    'con .txt',
    'con\u00a0.txt',
    'aux\u3000',
    'con\ufeff.txt',
    'x\ufffd',
    'lpt9',
    'a./b',
    'b /c',
    '50%',
    '\ud800',
    'a*',
    'a"',
    'a|b',
    'a<',
  ])('may not be %j', (path) => expect(bagPathFault(path)).toBeDefined())

  it('stands for one file on every disk', () => {
    const paths = new BagPaths()
    expect(paths.add('data/Straße/ﬁle')).toBeUndefined()
    for (const other of [
      'data/Straße/ﬁle',
      'DATA/STRASSE/FILE',
      'data/straße/file',
      'data',
      'data/Straße',
      'data/Straße/ﬁle/x',
    ])
      expect(paths.add(other)).toBeDefined()
    expect(paths.add('data/Straße/other')).toBeUndefined()
  })
})

it('R7 L3: paths are folded and composed twice, for folding may leave what NFKC changes', () => {
  expect(foldedPath('\u0130\u0327')).toBe(foldedPath('i\u0327\u0307'))
})

it('Silent or unclear: paths are compared by full case folding: ı is no i, ẞ is ss, a final sigma is a sigma', () => {
  const same = (one: string, other: string): boolean => foldedPath(one) === foldedPath(other)
  expect(same('data/kırık', 'data/kirik')).toBe(false)
  expect(same('data/STRAẞE', 'data/strasse')).toBe(true)
  expect(same('data/ΟΔΟΣ', 'data/οδος')).toBe(true)
  expect(same('data/ΟΔΟΣ', 'data/οδοσ')).toBe(true)
})

describe('a path allotted to a file', () => {
  it('is the file’s own where a package allows it, and renamed/K otherwise', () => {
    const paths = new FilePaths('f')
    const allotted = ['a/b.txt', 'A/B.TXT', 'c:\\d', 'renamed/1', 'aux', 'ok'].map((name) =>
      paths.allot(Buffer.from(name)),
    )
    expect(allotted).toEqual(['f/a/b.txt', 'f/renamed/1', 'f/renamed/2', 'f/renamed/3', 'f/renamed/4', 'f/ok'])
    expect(paths.allot(Buffer.from([0xff]))).toBe('f/renamed/5')
  })
})
