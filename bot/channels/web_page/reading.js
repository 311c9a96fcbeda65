// How an answer is shown and read aloud: plain text as lines, steps and phone numbers.
// Text nodes only, never HTML. For old phones' browsers: no lookbehind, no optional chaining.
'use strict';

window.kepubang = (function () {
  var settings = document.body.dataset;
  var log = document.getElementById('log');

  function part(root, name) {
    return root.querySelector('[data-part="' + name + '"]');
  }

  var NUMBER = /400-?\d{3,4}-?\d{3,4}|0\d{2,3}-\d{5,8}|12[13]\d\d|9[56]\d{3}|100(?:00|10|86)|110|119|120|122/g;
  var SMS_ONLY = ['12110', '12379', '12381'];
  // "血压高于120" and "每分钟120次" are not phone numbers; after "打" a number nearly always is.
  var CALLED = /(?:打|拨|叫|报|电话|热线)(?:通|过|了)?[:：]?\s*$/;
  var PART_OF_NUMBER = /[\d.\-–\/]$/;
  var MEASURED = /[~～到至于过约超达低高压每第满按=<>≥≤¥￥]\s*$/;
  var UNIT = /^\s*(?:[次下个元米年月日天亩株斤块克两升毫厘度分秒岁%％℃°:：~～]|人次|多|以[上下内]|[a-zA-Z])/;
  var RANGE = /^(?:[.\-–\/]?\d|\s*[到至])/;

  function isDialled(number, before, after) {
    if (SMS_ONLY.indexOf(number) >= 0 || PART_OF_NUMBER.test(before) || UNIT.test(after)) {
      return false;
    }
    var measured = RANGE.test(after) || (number.length === 3 && MEASURED.test(before));
    return CALLED.test(before) ? !/^[.\-–\/]?\d/.test(after) : !measured;
  }

  function addText(parent, text) {
    var from = 0;
    var match;
    NUMBER.lastIndex = 0;
    while ((match = NUMBER.exec(text)) !== null) {
      var end = match.index + match[0].length;
      if (isDialled(match[0], text.slice(0, match.index), text.slice(end))) {
        parent.appendChild(document.createTextNode(text.slice(from, match.index)));
        parent.appendChild(dialLink(match[0]));
        parent.classList.add('with-dial');
        from = end;
      }
    }
    parent.appendChild(document.createTextNode(text.slice(from)));
  }

  function dialLink(number) {
    var link = document.createElement('a');
    link.className = 'dial';
    link.href = 'tel:' + number.replace(/-/g, '');
    link.setAttribute('aria-label', settings.dial + number);
    link.textContent = number;
    return link;
  }

  var STEP = /^(\d{1,2}[.、．)）]|[①-⑳]|[·•✗×✓])\s*(\S.*)$/;

  function addLines(box, text) {
    box.textContent = '';
    box.classList.add('lines');
    text.split('\n').forEach(function (line) {
      line = line.trim();
      if (!line) {
        return;
      }
      var paragraph = document.createElement('p');
      var step = STEP.exec(line);
      if (step) {
        paragraph.className = 'step';
        var mark = document.createElement('span');
        mark.textContent = step[1] + ' ';
        var rest = document.createElement('span');
        addText(rest, step[2]);
        paragraph.appendChild(mark);
        paragraph.appendChild(rest);
      } else {
        if (/^.{1,14}[：:]$/.test(line)) {
          paragraph.className = 'lead';
        }
        addText(paragraph, line);
      }
      box.appendChild(paragraph);
    });
  }

  // A source's title may name a hotline; that is not an invitation to dial it.
  function addPlainLines(box, text) {
    box.textContent = '';
    box.classList.add('lines');
    text.split('\n').forEach(function (line) {
      var paragraph = document.createElement('p');
      paragraph.textContent = line.trim();
      box.appendChild(paragraph);
    });
  }

  // 来源 and what follows is shown in a calmer style; web_view.py holds the same rule.
  function addAnswer(body, sources, text) {
    var lines = text.split('\n');
    var cut = lines.findIndex(function (line) { return line.indexOf('来源') === 0; });
    cut = cut < 0 ? lines.length : cut;
    addLines(body, lines.slice(0, cut).join('\n'));
    addPlainLines(sources, lines.slice(cut).join('\n'));
    sources.hidden = cut === lines.length;
  }

  // ---- Reading aloud, where the phone has a Chinese voice.

  var speech = window.speechSynthesis;

  function chineseVoice() {
    var found = (speech ? speech.getVoices() : []).filter(function (voice) {
      return /^(zh|cmn)/i.test(voice.lang);
    });
    return found[0] || null;
  }

  function offerReading() {
    var can = Boolean(chineseVoice());
    Array.prototype.forEach.call(log.querySelectorAll('[data-part="read"]'), function (button) {
      button.hidden = !can;
    });
  }

  function stopReading() {
    speech.cancel();
    Array.prototype.forEach.call(log.querySelectorAll('[data-part="read"]'), function (button) {
      button.textContent = settings.read;
      button.removeAttribute('data-reading');
    });
  }

  function readAloud(button) {
    var reading = button.hasAttribute('data-reading');
    stopReading();
    if (reading) {
      return;
    }
    var words = new SpeechSynthesisUtterance(part(button.parentNode, 'text').innerText);
    words.lang = 'zh-CN';
    words.voice = chineseVoice();
    words.rate = 0.9;
    words.onend = words.onerror = stopReading;
    button.textContent = settings.stop;
    button.setAttribute('data-reading', '');
    speech.speak(words);
  }

  if (speech && speech.addEventListener) {
    speech.addEventListener('voiceschanged', offerReading);
  }

  return {
    part: part,
    addLines: addLines,
    addPlainLines: addPlainLines,
    addAnswer: addAnswer,
    offerReading: offerReading,
    readAloud: readAloud
  };
})();
