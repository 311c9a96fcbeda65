// Sends the page's forms in the background. Without this script every form still works by itself.
// Written for old phones' browsers: no lookbehind, no optional chaining, nothing to build.
'use strict';

(function () {
  var RETRY_AFTER_MS = [1000, 3000]; // resending is safe: the same id is answered once
  var ANSWER_WITHIN_MS = 40000;
  var STILL_THINKING_MS = 8000;
  var KEPT_MS = 30 * 60 * 1000; // a phone reloads a tab that was out of sight
  var KEPT_ENTRIES = 30;
  var STORE = 'kepubang.log';

  var settings = document.body.dataset;
  var log = document.getElementById('log');
  var composer = document.getElementById('composer');
  var input = document.getElementById('text');
  var send = composer.querySelector('.send');
  var touch = window.matchMedia('(pointer: coarse)').matches;
  var calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  var busy = false;

  var page = window.kepubang; // reading.js
  var part = page.part;

  function copy(name) {
    return document.getElementById(name).content.firstElementChild.cloneNode(true);
  }

  function remove(node) {
    if (node && node.parentNode) {
      node.parentNode.removeChild(node);
    }
  }

  function newId() {
    // Not randomUUID: it is missing on plain http, where a village's server may be.
    var bytes = new Uint8Array(12);
    window.crypto.getRandomValues(bytes);
    return Array.prototype.map
      .call(bytes, function (byte) { return ('0' + byte.toString(16)).slice(-2); })
      .join('');
  }

  // ---- Showing.

  function show(node) {
    log.appendChild(node);
    return node;
  }

  function bringUp(node) {
    node.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'start' });
  }

  function showQuestion(text) {
    var node = copy('question');
    part(node, 'said').textContent = text;
    return show(node);
  }

  function showAnswer(reply) {
    var node = copy('answer');
    page.addAnswer(part(node, 'text'), part(node, 'sources'), reply.text);
    if (reply.rateable && reply.turn) {
      part(node, 'useful').value = 'r.' + reply.turn + '.1';
      part(node, 'useless').value = 'r.' + reply.turn + '.0';
    } else {
      remove(part(node, 'rate'));
    }
    if (reply.choices.length) {
      part(node, 'heading').textContent = reply.heading;
      reply.choices.forEach(function (choice) {
        part(node, 'list').appendChild(choiceItem(choice));
      });
    } else {
      remove(part(node, 'choices'));
    }
    show(node);
    page.offerReading();
    return node;
  }

  function choiceItem(choice) {
    var item = copy('choice');
    part(item, 'number').textContent = choice.number;
    part(item, 'label').textContent = choice.label;
    item.querySelector('[name="label"]').value = choice.label;
    item.querySelector('button').value = choice.tap;
    return item;
  }

  // ---- Sending: one message at a time, under one id until it is answered.

  // The server writes one object a line: sentences as they come, then the whole reply.
  // A browser that cannot read a body bit by bit reads it whole; the last line is all it needs.

  function readLines(response, showSentence) {
    var rest = '';
    var last = null;
    function take(text) {
      var lines = (rest + text).split('\n');
      rest = lines.pop();
      lines.forEach(function (line) {
        if (line) {
          last = JSON.parse(line);
          if (last.sentence) {
            showSentence(last.sentence);
          }
        }
      });
    }
    function finish() {
      if (last && last.reply) {
        return last.reply;
      }
      throw { why: last && last.problem ? last.problem.message : '' };
    }
    if (!response.body || !response.body.getReader || !window.TextDecoder) {
      return response.text().then(take).then(finish);
    }
    var reader = response.body.getReader();
    var decoder = new TextDecoder();
    return (function next() {
      return reader.read().then(function (part) {
        if (part.done) {
          return finish();
        }
        take(decoder.decode(part.value, { stream: true }));
        return next();
      });
    })();
  }

  function request(message, showSentence) {
    var stop = new AbortController();
    var timer = setTimeout(function () { stop.abort(); }, ANSWER_WITHIN_MS);
    return fetch(settings.chat, {
      method: 'POST',
      credentials: 'same-origin',
      headers: {
        'Content-Type': 'application/json',
        Accept: showSentence ? 'application/x-ndjson, application/json' : 'application/json'
      },
      body: JSON.stringify(message),
      signal: stop.signal
    }).then(function (response) {
      if (response.ok) {
        return showSentence ? readLines(response, showSentence) : response.json();
      }
      return response.json().catch(function () { return {}; }).then(function (problem) {
        throw { why: problem.message, hopeless: response.status < 500 };
      });
    }).then(function (reply) {
      clearTimeout(timer);
      return reply;
    }, function (problem) {
      clearTimeout(timer);
      throw problem;
    });
  }

  function deliver(message, attempt, showSentence) {
    return request(message, showSentence).catch(function (problem) {
      if (problem.hopeless || attempt >= RETRY_AFTER_MS.length) {
        throw problem;
      }
      return new Promise(function (resolve) {
        setTimeout(resolve, RETRY_AFTER_MS[attempt]);
      }).then(function () {
        return deliver(message, attempt + 1, showSentence);
      });
    });
  }

  function setBusy(state) {
    busy = state;
    if (state) {
      send.setAttribute('aria-disabled', 'true');
    } else {
      send.removeAttribute('aria-disabled');
    }
  }

  function converse(message, said, question) {
    var thinking = show(copy('thinking'));
    var slow = setTimeout(function () {
      part(thinking, 'words').textContent = settings.still;
    }, STILL_THINKING_MS);
    setBusy(true);
    function showSentence(sentence) {
      var words = part(thinking, 'words');
      clearTimeout(slow);
      if (!thinking.classList.contains('coming')) {
        thinking.classList.add('coming');
        words.textContent = '';
      }
      var line = document.createElement('span'); // one each, so that each is read out once
      line.className = 'sentence';
      line.textContent = sentence;
      words.appendChild(line);
    }
    return deliver(message, 0, showSentence).then(function (reply) {
      clearTimeout(slow);
      remove(thinking);
      setBusy(false);
      if (reply.text) {
        showAnswer(reply);
        keep(said, reply);
        bringUp(question); // an answer is read from its beginning
      }
    }, function (problem) {
      clearTimeout(slow);
      remove(thinking);
      setBusy(false);
      showFailure(problem, function () { converse(message, said, question); });
      bringUp(question);
    });
  }

  function showFailure(problem, again) {
    var node = copy('failed');
    var why = part(node, 'why');
    page.addLines(why, problem.why || why.textContent);
    if (problem.hopeless) {
      remove(part(node, 'retry'));
    } else {
      part(node, 'retry').addEventListener('click', function () {
        if (!busy) {
          remove(node);
          input.focus({ preventScroll: true }); // the pressed button is gone
          if (touch) {
            input.blur();
          }
          again();
        }
      });
    }
    show(node);
  }

  function ask(message, said) {
    message.id = newId();
    var question = showQuestion(said);
    converse(message, said, question);
    bringUp(question);
  }

  function sendInput() {
    var text = input.value.trim();
    if (busy || !text) {
      input.focus();
      return;
    }
    input.value = '';
    fit();
    if (touch) {
      input.blur(); // the keyboard would cover the answer
    }
    ask({ text: text }, text);
  }

  function rate(button) {
    var form = button.form;
    var thanks = part(form, 'thanks');
    setBusy(true);
    deliver({ id: newId(), tap: button.value }, 0).then(function (reply) {
      setBusy(false);
      Array.prototype.forEach.call(form.querySelectorAll('button'), function (other) {
        other.setAttribute('aria-pressed', String(other === button));
      });
      page.addLines(thanks, reply.text);
    }, function (problem) {
      setBusy(false);
      page.addLines(thanks, problem.why || part(copy('failed'), 'why').textContent);
    });
  }

  // ---- What the reader does.

  composer.addEventListener('submit', function (event) {
    event.preventDefault();
    sendInput();
  });

  input.addEventListener('keydown', function (event) {
    // An input method's Enter (keyCode 229) chooses a word; it must not send half of one.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      sendInput();
    }
  });

  log.addEventListener('click', function (event) {
    var button = event.target.closest('button');
    if (!button || !log.contains(button)) {
      return;
    }
    if (button.name) {
      event.preventDefault();
    }
    if (button.dataset.part === 'read') {
      page.readAloud(button);
    } else if (busy) {
      return;
    } else if (button.name === 'text') {
      ask({ text: button.value }, button.value);
    } else if (button.name === 'tap' && button.closest('.rate')) {
      rate(button);
    } else if (button.name === 'tap') {
      ask({ tap: button.value }, part(button, 'label').textContent);
    }
  });

  function fit() {
    input.style.height = 'auto';
    input.style.height = input.scrollHeight + input.offsetHeight - input.clientHeight + 'px';
  }

  input.addEventListener('input', fit);

  // ---- Keeping the conversation over a reload: in this tab only, and not for long.

  function kept() {
    try {
      var entries = JSON.parse(window.sessionStorage.getItem(STORE)) || [];
      return entries.filter(function (entry) { return Date.now() - entry.at < KEPT_MS; });
    } catch (error) {
      return []; // no storage in a private window
    }
  }

  function keep(said, reply) {
    try {
      var entries = kept().concat({ at: Date.now(), said: said, reply: reply });
      window.sessionStorage.setItem(STORE, JSON.stringify(entries.slice(-KEPT_ENTRIES)));
    } catch (error) {
      return;
    }
  }

  // What the server wrote into the page gets the same lines and numbers as what comes later.
  Array.prototype.forEach.call(log.querySelectorAll('[data-part="text"]'), function (box) {
    page.addLines(box, box.textContent);
  });
  Array.prototype.forEach.call(log.querySelectorAll('[data-part="sources"]'), function (box) {
    page.addPlainLines(box, box.textContent);
  });
  page.offerReading();

  var last = null;
  var before = kept();
  if (before.length) {
    log.setAttribute('aria-live', 'off'); // what was read before is not read out again
    setTimeout(function () { log.setAttribute('aria-live', 'polite'); }, 500);
  }
  before.forEach(function (entry) {
    last = showQuestion(entry.said);
    showAnswer(entry.reply);
  });
  if (last) {
    last.scrollIntoView({ block: 'start' });
  }
})();
