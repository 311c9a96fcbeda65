"""The retriever as LangChain's BaseRetriever, for chains and agents of the user's own."""

from __future__ import annotations

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from knowledge.card import Card
from retrieval.retriever import Query, Retriever


class CardRetriever(BaseRetriever):
    """Published cards as Documents, best first; none when nothing speaks for any."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    retriever: Retriever
    count: int = 5

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain's signature
    ) -> list[Document]:
        found = self.retriever.retrieve(Query(query), self.count)
        return [
            Document(
                id=hit.revision.card.key,
                page_content=_text(hit.revision.card),
                metadata={
                    "card": hit.revision.card.key,
                    "revision": hit.revision.number,
                    "title": hit.revision.card.title,
                    "score": hit.score,
                    "confidence": found.confidence,
                    "outcome": found.outcome.value,
                    "sources": [s.model_dump(mode="json") for s in hit.revision.card.sources],
                },
            )
            for hit in found.hits
        ]


def _text(card: Card) -> str:
    lines = [card.title, card.answer, *card.steps, *card.never, card.seek_help]
    return "\n".join(line for line in lines if line)
