import { describe, expect, test } from 'vitest';
import { CommentError, parseComment } from '../../../formats/extxyz/comment.ts';

const parse = (text: string) => Object.fromEntries(parseComment(text).map(({ key, value }) => [key, value]));

describe('the comment line of extxyz', () => {
  test('types are integer, real, logical, string, the first that matches', () => {
    expect(parse('a=12 b=-7 c=+3 d=1.5e-3 e=1.5D-3 f=.5 g=1. h=T i=false j=TRUE k=1.3k7 l=inf')).toEqual({
      ...{ a: 12, b: -7, c: 3, d: 0.0015, e: 0.0015, f: 0.5, g: 1, h: true, i: false, j: true, k: '1.3k7', l: 'inf' },
    });
  });
  test('integers beyond 2^53 are kept exactly', () => {
    expect(parse('id=9007199254740993')).toEqual({ id: 9007199254740993n });
  });
  test('old arrays stand in quotes or braces, new ones in brackets', () => {
    expect(parse(`a="1 2 3" b='1 2.5' c={1 2} d={one two} e="T F" f=[1,2] g=[[1, 2],[3, 4]] h=[a, "b c"]`)).toEqual({
      ...{ a: [1, 2, 3], b: [1, 2.5], c: [1, 2], d: ['one', 'two'], e: [true, false], f: [1, 2] },
      ...{ g: [[1, 2], [3, 4]], h: ['a', 'b c'] }, // biome-ignore format: a table
    });
  });
  test('one element in the old style is a scalar, in the new style an array', () => {
    expect(parse('a="7" b={7} c=[7]')).toEqual({ a: 7, b: 7, c: [7] });
  });
  test('one text in an array makes all of it text', () => {
    expect(parse('a=[1, x] b=[[1, 2],[3, y]]')).toEqual({ a: ['1', 'x'], b: [['1', '2'], ['3', 'y']] }); // biome-ignore format: a table
  });
  test('quotes keep blanks, equal signs and escapes', () => {
    expect(parse('t="a \\"b\\" = [c]" p="C:\\\\x" m="1\\n2" e="" "key with space"=7')).toEqual({
      ...{ t: 'a "b" = [c]', p: 'C:\\x', m: '1\n2', e: '', 'key with space': 7 },
    });
  });
  test('blanks may stand around the equal sign, and a word alone is true', () => {
    expect(parse('a = 1  b= 2 c =3 word')).toEqual({ a: 1, b: 2, c: 3, word: true });
  });
  test('_JSON values of ASE and objects in braces are read as JSON', () => {
    expect(parse('a="_JSON {\\"k\\": [1, 2.5]}" b={"x":{"y":1}} c="_JSON \\"12\\""')).toEqual({
      ...{ a: { k: [1, 2.5] }, b: { x: { y: 1 } }, c: '12' },
    });
  });
  test('a uid is text even where it looks like a number', () => {
    expect(parse('uid=12e5 x=12e5')).toEqual({ uid: '12e5', x: 12e5 });
  });
  test('keys that objects have by nature are ordinary keys', () => {
    expect(Object.keys(parse('__proto__=1 constructor=2'))).toEqual(['__proto__', 'constructor']);
  });
  test.each([
    'a="1 2',
    "a='x",
    'a=[1,2',
    'a={1',
    '=3',
    'a=',
    'a= =1',
    'a="x"b=1',
    'a="_JSON {"',
    `a=${'['.repeat(20)}`,
  ])('%j is refused', (text) => {
    expect(() => parseComment(text)).toThrow(CommentError);
  });
});
