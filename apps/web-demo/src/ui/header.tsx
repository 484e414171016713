import { openModelDialog } from "../state/dialog.js";
import { newConversation, turns } from "../state/chat.js";
import { choice, nameOf } from "../state/model.js";
import { language, say, theme, type Language, type Theme } from "../state/settings.js";
import { Icon } from "./icon.js";

/** The page's head: its name, the model, a new conversation, language and appearance. */
export function Header() {
  const words = say.value;
  const name = nameOf(choice.value.source);
  return (
    <header class="bar">
      <h1 class="wordmark">
        <img src="./icon.svg" alt="" width="26" height="26" />
        <span>SmolVLM</span>
      </h1>
      <button type="button" class="quiet model-button" onClick={openModelDialog} aria-label={words.modelButton(name)}>
        <span class="model-name">{name}</span>
        <Icon name="chevron" />
      </button>
      <div class="bar-end">
        {turns.value.length > 0 && (
          <button
            type="button"
            class="quiet"
            onClick={newConversation}
            aria-label={words.newChat}
            title={words.newChat}
          >
            <Icon name="plus" />
          </button>
        )}
        <select
          aria-label={words.theme}
          value={theme.value}
          onChange={(event) => (theme.value = event.currentTarget.value as Theme)}
        >
          <option value="system">{words.themeSystem}</option>
          <option value="light">{words.themeLight}</option>
          <option value="dark">{words.themeDark}</option>
        </select>
        <select
          aria-label={words.language}
          value={language.value}
          onChange={(event) => (language.value = event.currentTarget.value as Language)}
        >
          <option value="en">English</option>
          <option value="ko">한국어</option>
        </select>
      </div>
    </header>
  );
}
