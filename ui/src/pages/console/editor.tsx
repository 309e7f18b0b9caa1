// The editor of SQL: CodeMirror in a shadow root, where its styles may stand without inline style tags. Completes tables, columns and functions of the warehouse.
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completeFromList,
  completionKeymap,
  type CompletionSource,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { PostgreSQL, sql } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, StateEffect, StateField, type Extension, type TransactionSpec } from "@codemirror/state";
import {
  Decoration,
  drawSelection,
  type DecorationSet,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef, type ReactNode } from "react";
import type { CompletionsAnswer } from "../../../../src/model/query-answers.ts";
import { ApiError } from "../../data/ask.ts";

interface EditorProps {
  readonly value: string;
  readonly names: CompletionsAnswer | undefined;
  /** What the last run said of the text. */
  readonly error: Error | null;
  readonly onChange: (value: string) => void;
  readonly onRun: (value: string) => void;
}

const COMPLETIONS_SHOWN = 12;

const look = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--surface)", fontSize: "13px", height: "100%" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "20px" },
  ".cm-content": { caretColor: "var(--text)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--text-3)", border: "none" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent) 5%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--accent-soft)",
  },
  ".cm-placeholder": { color: "var(--text-3)" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--line-strong)", borderRadius: "6px" },
  // As many as are shown at once: a list that scrolls by itself cannot be reached by keys.
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "12px", maxHeight: "none", overflow: "hidden" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--text)" },
  ".cm-completionDetail": { color: "var(--text-3)", fontStyle: "normal", marginLeft: "12px" },
  ".cm-wrong": { textDecoration: "underline wavy var(--fail)" },
});
const colors = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "500" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--ok-text)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--warn-text)" },
  { tag: tags.comment, color: "var(--text-3)", fontStyle: "italic" },
  { tag: [tags.typeName, tags.standard(tags.name)], color: "var(--run-text)" },
]);

export function Editor({ value, names, error, onChange, onRun }: EditorProps): ReactNode {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const language = useRef(new Compartment());
  const told = useRef<string[]>([]);
  const acts = useRef({ onChange, onRun });
  useEffect(() => {
    const tell = (text: string): void => {
      told.current.push(text);
      onChange(text);
    };
    acts.current = { onChange: tell, onRun };
  });
  useEffect(() => {
    const element = host.current!;
    const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
    const box = document.createElement("div");
    box.style.height = "100%";
    root.append(box);
    const editor = new EditorView({
      parent: box,
      root,
      state: EditorState.create({ doc: value, extensions: extensions(language.current, acts) }),
    });
    view.current = editor;
    if (value === "") editor.focus();
    // Letters typed here are text, not the page's shortcuts; those with ⌘ or Ctrl are the page's where the editor has none.
    const keep = (event: KeyboardEvent): void => {
      if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
    };
    element.addEventListener("keydown", keep);
    return () => {
      element.removeEventListener("keydown", keep);
      editor.destroy();
      box.remove();
      view.current = null;
    };
    // The editor lives as long as the page; its text is brought up to date below.
    // oxlint-disable-next-line react/exhaustive-deps
  }, []);
  useEffect(() => {
    const editor = view.current;
    // What was typed here comes back late while typing goes on: it is no text from elsewhere.
    const at = told.current.lastIndexOf(value);
    if (at >= 0) told.current.splice(0, at + 1);
    if (at >= 0 || editor === null || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);
  useEffect(() => {
    view.current?.dispatch({ effects: language.current.reconfigure(sqlWith(names)) });
  }, [names]);
  useEffect(() => {
    const editor = view.current;
    editor?.dispatch({ effects: markWrong.of(wrongPlace(editor.state, error)) });
  }, [error]);
  return <div ref={host} className="editor" />;
}

function extensions(language: Compartment, acts: { readonly current: Pick<EditorProps, "onChange" | "onRun"> }): Extension {
  const run = (editor: EditorView): boolean => {
    acts.current.onRun(editor.state.doc.toString());
    return true;
  };
  return [
    keymap.of([{ key: "Mod-Enter", run }, ...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap, ...historyKeymap]),
    lineNumbers(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ icons: false, maxRenderedOptions: COMPLETIONS_SHOWN }),
    highlightActiveLine(),
    EditorView.lineWrapping,
    typedOver,
    placeholder("select … from …"),
    EditorView.contentAttributes.of({ "aria-label": "SQL of the query" }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) acts.current.onChange(update.state.doc.toString());
    }),
    syntaxHighlighting(colors),
    wrong,
    look,
    language.of(sqlWith(undefined)),
  ];
}

/** Text typed over a selection goes in here: the browser would keep the look of what goes as an inline style, which the server's policy refuses. */
const typedOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { data } = event;
    if (event.inputType !== "insertText" || data === null || view.composing || view.state.selection.ranges.every(({ empty }) => empty))
      return false;
    event.preventDefault();
    const { from, to } = view.state.selection.main;
    const insert = (): TransactionSpec => ({ ...view.state.replaceSelection(data), userEvent: "input.type", scrollIntoView: true });
    const isTaken = view.state.facet(EditorView.inputHandler).some((take) => take(view, from, to, data, () => view.state.update(insert())));
    if (!isTaken) view.dispatch(insert());
    return true;
  },
});

function sqlWith(names: CompletionsAnswer | undefined): Extension {
  if (names === undefined) return sql({ dialect: PostgreSQL });
  const schema: Record<string, { label: string; detail: string }[]> = {};
  for (const { name, columns } of names.tables) schema[name] = columns.map((column) => ({ label: column.name, detail: column.type }));
  const language = sql({ dialect: PostgreSQL, schema });
  const functions = completeFromList(names.functions.map((name) => ({ label: name, apply: `${name}(`, type: "function", boost: -50 })));
  const columns = columnsInText(names);
  return [language, PostgreSQL.language.data.of({ autocomplete: functions }), PostgreSQL.language.data.of({ autocomplete: columns })];
}

/** Columns of the tables that the text names: those are meant before any other. */
function columnsInText(names: CompletionsAnswer): CompletionSource {
  return (context) => {
    const word = context.matchBefore(/\w+$/);
    if ((word === null && !context.explicit) || context.matchBefore(/\.\w*$/) !== null) return null;
    const text = context.state.doc.toString().toLowerCase();
    const near = names.tables.filter(({ name }) => text.includes(name.toLowerCase()));
    const options = near.flatMap(({ name, columns }) =>
      columns.map((column) => ({ label: column.name, detail: `${column.type} · ${name}`, type: "property", boost: 50 })),
    );
    return options.length === 0 ? null : { from: word?.from ?? context.pos, options, validFor: /^\w*$/ };
  };
}

interface Wrong {
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

const markWrong = StateEffect.define<Wrong | null>();
/** The place that the last run found wrong, until the text there is another. */
const wrong = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (marks, { changes, effects }) => {
    const told = effects.findLast((effect) => effect.is(markWrong));
    if (told === undefined) return marks.map(changes);
    const place: Wrong | null = told.value;
    if (place === null) return Decoration.none;
    return Decoration.set([Decoration.mark({ class: "cm-wrong", attributes: { title: place.message } }).range(place.from, place.to)]);
  },
  provide: (field) => EditorView.decorations.from(field),
});

function wrongPlace(state: EditorState, error: Error | null): Wrong | null {
  const record = error instanceof ApiError ? error.error : null;
  const place = record?.location;
  if (record === null || place === undefined || place.file !== "query" || place.line > state.doc.lines) return null;
  const line = state.doc.line(place.line);
  const from = Math.min(line.to, line.from + place.column - 1);
  const word = /^\w+/.exec(state.doc.sliceString(from, line.to))?.[0].length ?? 1;
  const to = Math.min(line.to, from + word);
  return from < to ? { from, to, message: `${record.code}: ${record.message}` } : null;
}
