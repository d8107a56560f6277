/** Tables as text and as Markdown, and the place in a document that one is put into. Pure. */

/** Columns aligned with spaces; the first to the left, all others to the right. */
export function textTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join('  '),
    )
    .join('\n');
}

export function markdownTable([head, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  );
}

/** The document with what stands between the two markers of this name replaced. */
export function putBetweenMarkers(document, text, file, name = 'bench') {
  const [first, last] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const begin = document.indexOf(first);
  const end = document.indexOf(last);
  if (begin === -1 || end < begin)
    throw new Error(`${file} has no lines "${first}" and "${last}" in this order.`);
  return `${document.slice(0, begin + first.length)}\n\n${text.trim()}\n\n${document.slice(end)}`;
}
